using System.Text.RegularExpressions;
using Costate.Testing;

namespace Costate.Cli.Tests.Architecture;

/// <summary>
/// A tensor that is made where none says the device lies on the processor, whatever the network computes on; and numbers of a tensor that
/// may be elsewhere are read when it is back.
/// </summary>
public sealed partial class DeviceTests
{
    // On the processor on purpose, or no part of what samples.
    private static readonly Dictionary<string, string> Elsewhere = new()
    {
        ["Costate/Gradients/SamplingCall.cs"] = "a node's own input, without numbers",
        ["Costate/Gradients/SamplingFunction.cs"] = "a node's own input, without numbers",
        ["Costate.Networks/Unet2D/FourierFeatures.cs"] = "a parameter, which moves with its network",
    };

    // Of tensors that are on the processor already.
    private static readonly Dictionary<string, string> Read = new()
    {
        ["Costate/Densities/DensitySample.cs"] = "signs that were brought back",
        ["Costate/Densities/Subspace.cs"] = "a basis, checked on the processor",
        ["Costate/Measurements/LinearOperator.cs"] = "a kernel that was brought back",
        ["Costate/Measurements/MatrixOperator.cs"] = "a matrix that was brought back",
        ["Costate/Measurements/SeparableOperator.cs"] = "a matrix of a side, decomposed once",
        ["Costate/Optimisation/StepGaps.cs"] = "times",
        ["Costate.Faces/Drawing/FaceFeatures.cs"] = "codes that were brought back",
        ["Costate.Faces/Guidance/ImageQuality.cs"] = "pictures that were brought back",
        ["Costate.Faces/Recognition/AttributeJudges.cs"] = "of training, and what was brought back",
        ["Costate.Faces/Recognition/MatchScores.cs"] = "embeddings that were brought back",
        ["Costate.Experiments/Editing/EditingMeasures.cs"] = "of pictures that were brought back",
        ["Costate.Experiments/Evaluation/SimilarPairs.cs"] = "embeddings that were brought back",
    };

    // What samples, what is told of samples, and what is shown. Trainings, and studies of formulas, are on the processor.
    private static readonly string[] Rooms =
    [
        "Costate",
        "Costate.Networks",
        .. new[] { "Captions", "Drawing", "Guidance", "Inputs", "Models", "Morphs", "Pictures", "Recognition", "Sampling" }
            .Select(room => $"Costate.Faces/{room}"),
        .. new[] { "Batches", "Editing", "Evaluation", "Generation", "Guidance", "Guided", "Pairs", "Recognition", "Reconstruction" }
            .Select(room => $"Costate.Experiments/{room}"),
        "Costate.Cli",
    ];

    [Fact]
    public void TensorsThatAreMade_SayWhere()
    {
        List<string> found = [];
        foreach ((string name, string code) in Files())
        {
            if (Unplaced(code))
            {
                found.Add(name);
            }
        }

        Assert.Empty(found.Except(Elsewhere.Keys));
        Assert.Empty(Elsewhere.Keys.Except(found));
    }

    [Fact]
    public void Numbers_AreReadOnTheProcessor()
    {
        string[] found = [.. Files().Where(file => Far(file.Code)).Select(file => file.Name)];
        Assert.Empty(found.Except(Read.Keys));
        Assert.Empty(Read.Keys.Except(found));
    }

    [Theory]
    [InlineData("float[] x = [.. y.data<float>()];", true)]
    [InlineData("Tensor z = y.cpu(); float[] x = [.. y.contiguous().data<float>()];", true)]
    [InlineData("float[] x = [.. y.cpu().contiguous().data<float>()];", false)]
    public void SearchOfNumbers_FindsThem(string code, bool isFound) => Assert.Equal(isFound, Far(code));

    [Theory]
    [InlineData("Tensor x = zeros(3, 4);", true)]
    [InlineData("Tensor x = tensor([1.0, f(2)], ScalarType.Float64) * 3;", true)]
    [InlineData("Tensor x = zeros(3, 4, device: y.device);", false)]
    [InlineData("Tensor x = tensor(values, [f(1), 2]).to(y.dtype).to(y.device);", false)]
    [InlineData("Tensor x = zeros_like(y); Tensor z = y.new_zeros(3); // zeros(1)", false)]
    public void Search_FindsThem(string code, bool isFound) => Assert.Equal(isFound, Unplaced(code));

    private static IEnumerable<(string Name, string Code)> Files()
    {
        string root = Repository.PathTo("src");
        return from room in Rooms
               from file in Directory.EnumerateFiles(Path.Combine(root, room), "*.cs", SearchOption.AllDirectories)
               let name = Path.GetRelativePath(root, file).Replace('\\', '/')
               where !name.Contains("/obj/", StringComparison.Ordinal) && !name.Contains("/bin/", StringComparison.Ordinal)
               select (name, File.ReadAllText(file));
    }

    // What precedes the reading in its statement brings it back.
    private static bool Far(string code) => Reading().Matches(Comment().Replace(code, "")).Any(match =>
    {
        string before = Comment().Replace(code, "")[..match.Index];
        return !before[(before.LastIndexOfAny([';', '{', '}']) + 1)..].Contains("cpu()", StringComparison.Ordinal);
    });

    // What follows a factory up to the end of its statement says a device.
    private static bool Unplaced(string code) => Factory().Matches(Comment().Replace(code, "")).Any(match =>
    {
        string rest = Comment().Replace(code, "")[match.Index..];
        int end = rest.IndexOf(';', StringComparison.Ordinal);
        return !Place().IsMatch(end < 0 ? rest : rest[..end]);
    });

    [GeneratedRegex(@"(?<![.\w""<])(tensor|zeros|ones|full|empty|eye|arange|linspace|randn|rand)\(")]
    private static partial Regex Factory();

    [GeneratedRegex("\\.data<")]
    private static partial Regex Reading();

    [GeneratedRegex("[dD]evice|CPU|like\\.")]
    private static partial Regex Place();

    [GeneratedRegex("//[^\n]*")]
    private static partial Regex Comment();
}
