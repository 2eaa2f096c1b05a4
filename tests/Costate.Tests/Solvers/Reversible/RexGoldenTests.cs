using System.Text.Json;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Rex against the states of its reference code.</summary>
public sealed class RexGoldenTests
{
    public static TheoryData<string> GoldenFiles =>
        [.. Directory.GetFiles(Goldens.PathTo("rex")).Select(path => Path.GetFileName(path)).Order()];

    [Theory]
    [MemberData(nameof(GoldenFiles))]
    public void EndStates_MatchTheReference(string file)
    {
        using var scope = NewDisposeScope();
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Goldens.PathTo("rex", file)));
        JsonElement golden = json.RootElement;
        (double beta0, double beta1) = (golden.GetProperty("beta0").GetDouble(), golden.GetProperty("beta1").GetDouble());
        NoiseSchedule schedule =
            golden.GetProperty("schedule").GetString() == "linear"
                ? NoiseSchedule.VpLinear(beta0, beta1)
                : NoiseSchedule.VpScaledLinear(beta0, beta1);
        Prediction prediction = golden.GetProperty("prediction").GetString() == "data" ? Prediction.Data : Prediction.Noise;
        string name = golden.GetProperty("tableau").GetString()!.Replace('_', '-');
        var denoiser = Denoiser.FromFunction(
            (x, t, _) => (0.5 * x.tanh()) + (0.3 * (4 * t).sin().unsqueeze(1)) + (0.2 * x),
            Prediction.Noise);
        TimeGrid grid = TimeGrid.Uniform(
            golden.GetProperty("steps").GetInt32(),
            golden.GetProperty("t_start").GetDouble(),
            golden.GetProperty("t_end").GetDouble());
        var sampler = new Sampler(
            denoiser,
            schedule,
            Solver.Rex(ButcherTableauTests.Named(name), golden.GetProperty("zeta").GetDouble(), prediction),
            grid);
        Tensor start = tensor(golden.GetProperty("xT").Deserialize<double[]>()!).unsqueeze(0);

        Tensor[] end = RexRun.EndStates(sampler, start);

        // The reference's tableaus went through 32 bits.
        Tensor y = tensor(golden.GetProperty("x0").Deserialize<double[]>()!).unsqueeze(0);
        Near.Equal(y, end[0], 1e-6);
        Near.Equal(tensor(golden.GetProperty("x0_hat").Deserialize<double[]>()!).unsqueeze(0), end[1], 1e-6);
        Near.Equal(end[0], sampler.Sample(start), 1e-15);
    }
}
