using System.Text.RegularExpressions;
using Costate.Testing;

namespace Costate.Cli.Tests.Architecture;

/// <summary>A tensor that is made where none says the device lies on the processor, whatever the network computes on.</summary>
public sealed partial class DeviceTests
{
    // On the processor on purpose, or no part of what samples.
    private static readonly Dictionary<string, string> Elsewhere = new()
    {
        ["Costate/Denoising/EvaluationReplay.cs"] = "the state of a generator",
        ["Costate/Densities/Signs.cs"] = "moved where it is taken",
        ["Costate/Densities/Subspace.cs"] = "a basis, checked on the processor",
        ["Costate/Gradients/SamplingCall.cs"] = "a node's own input, without numbers",
        ["Costate/Gradients/SamplingFunction.cs"] = "a node's own input, without numbers",
        ["Costate/Measurements/SeparableOperator.cs"] = "a matrix of a side, decomposed once",
        ["Costate/Noise/PerStepNoise.cs"] = "drawn on the processor and moved: the same numbers on any device",
        ["Costate/Optimisation/OptimisationRecord.cs"] = "a record of losses",
        ["Costate/Optimisation/StepGaps.cs"] = "times",
        ["Costate/Tables/CompensatedPass.cs"] = "for the processor alone",
        ["Costate/Tensors/WeightedSum.cs"] = "for the processor alone",
        ["Costate.Networks/Layers/Doubling.cs"] = "for the processor alone",
        ["Costate.Networks/Layers/Recomputation.cs"] = "the state of a generator",
        ["Costate.Networks/Unet2D/FourierFeatures.cs"] = "a parameter, which moves with its network",
        ["Costate.Networks/Weights/Pickles/PickleWeights.cs"] = "what a file holds",
    };

    [Fact]
    public void TensorsThatAreMade_SayWhere()
    {
        List<string> found = [];
        foreach (string project in new[] { "Costate", "Costate.Networks" })
        {
            string root = Repository.PathTo("src");
            foreach (string file in Directory.EnumerateFiles(Path.Combine(root, project), "*.cs", SearchOption.AllDirectories))
            {
                string name = Path.GetRelativePath(root, file).Replace('\\', '/');
                if (!name.Contains("/obj/", StringComparison.Ordinal) && !name.Contains("/bin/", StringComparison.Ordinal)
                    && Unplaced(File.ReadAllText(file)))
                {
                    found.Add(name);
                }
            }
        }

        Assert.Empty(found.Except(Elsewhere.Keys));
        Assert.Empty(Elsewhere.Keys.Except(found));
    }

    [Theory]
    [InlineData("Tensor x = zeros(3, 4);", true)]
    [InlineData("Tensor x = tensor([1.0, f(2)], ScalarType.Float64) * 3;", true)]
    [InlineData("Tensor x = zeros(3, 4, device: y.device);", false)]
    [InlineData("Tensor x = tensor(values, [f(1), 2]).to(y.dtype).to(y.device);", false)]
    [InlineData("Tensor x = zeros_like(y); Tensor z = y.new_zeros(3); // zeros(1)", false)]
    public void Search_FindsThem(string code, bool isFound) => Assert.Equal(isFound, Unplaced(code));

    // What follows a factory up to the end of its statement says a device.
    private static bool Unplaced(string code) => Factory().Matches(Comment().Replace(code, "")).Any(match =>
    {
        string rest = Comment().Replace(code, "")[match.Index..];
        int end = rest.IndexOf(';', StringComparison.Ordinal);
        return !Place().IsMatch(end < 0 ? rest : rest[..end]);
    });

    [GeneratedRegex(@"(?<![.\w""<])(tensor|zeros|ones|full|empty|eye|arange|linspace|randn|rand)\(")]
    private static partial Regex Factory();

    [GeneratedRegex("[dD]evice|CPU|like\\.")]
    private static partial Regex Place();

    [GeneratedRegex("//[^\n]*")]
    private static partial Regex Comment();
}
