using System.Text.Json;
using Costate.Experiments.Boltzmann;
using Costate.Testing;

namespace Costate.Experiments.Tests.Boltzmann;

public sealed class BoltzmannGoldenTests
{
    [Fact]
    public void Energies_AreThoseOfTheReference()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Goldens.PathTo("particles", "energies.json")));
        JsonProperty[] known = [.. json.RootElement.EnumerateObject().Where(each => BoltzmannSystem.All.Any(s => s.Name == each.Name))];
        Assert.NotEmpty(known);
        foreach (JsonProperty of in known)
        {
            BoltzmannSystem system = BoltzmannSystem.All.Single(each => each.Name == of.Name);
            double[][][] states = of.Value.GetProperty("x").Deserialize<double[][][]>()!;
            double[] energies = of.Value.GetProperty("energy").Deserialize<double[]>()!;
            foreach ((double[][] state, double energy) in states.Zip(energies))
            {
                // Sums of large terms of both signs, in another order.
                Assert.Equal(energy, system.Energy([.. state.SelectMany(row => row)]), 1e-9 * (100 + Math.Abs(energy)));
            }
        }
    }

    [Fact]
    public void DoubleWell_HasTheIntegralOfTheReference()
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Goldens.PathTo("particles", "double-well.json")));
        Assert.Equal(json.RootElement.GetProperty("log_z").GetDouble(), new DoubleWell().LogZ!.Value, 1e-10);
    }
}
