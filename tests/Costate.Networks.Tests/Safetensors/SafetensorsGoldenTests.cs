using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>Files that others wrote.</summary>
public sealed class SafetensorsGoldenTests
{
    public static TheoryData<string> Files => [.. Directory.GetFiles(Goldens.PathTo(), "*.safetensors", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Goldens.PathTo(), path))

        // Whole files in folders that are to be refused as such; what is in them is nobody's weights.
        .Where(path => !path.Split(Path.DirectorySeparatorChar).Contains("refuse"))
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void ReadAll_ReadsFilesOfOthers(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(Goldens.PathTo(name));

        IReadOnlyDictionary<string, Tensor> tensors = file.ReadAll();

        Assert.Equal(file.Names.Count, tensors.Count);
        Assert.All(tensors.Values, tensor => Assert.True(tensor.isfinite().all().item<bool>()));

        // Weights read from a wrong place would be finite too, but not of this size.
        Tensor largest = tensors.Values.MaxBy(tensor => tensor.numel())!;
        Assert.InRange(largest.to(ScalarType.Float64).abs().mean().item<double>(), 1e-4, 10);
    }
}
