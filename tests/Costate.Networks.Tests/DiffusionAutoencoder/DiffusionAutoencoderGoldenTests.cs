using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>The network against DiffAE itself.</summary>
public sealed class DiffusionAutoencoderGoldenTests
{
    private const string Weights = "diffae.safetensors";

    // Two float32 implementations of some 40 layers; they differ by the order of their sums. Asked for is 1e-4.
    private const double Float32Tolerance = 5e-6;

    /// <summary>The folders of such networks.</summary>
    public static TheoryData<string> Folders => [.. Directory.GetFiles(Goldens.PathTo(), Weights, SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Goldens.PathTo(), Path.GetDirectoryName(path)!))
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Folders))]
    public void OutputAndVjps_MatchDiffAe(string folder)
    {
        using var scope = NewDisposeScope();
        using DiffusionAutoencoder network = DiffusionAutoencoder.FromPretrained(Goldens.PathTo(folder));
        IReadOnlyDictionary<string, Tensor> expected = Expected(folder);

        (Tensor output, Tensor[] products) = Vjp.Take(
            xz => network.call(xz[0], expected["input.t"], xz[1]), expected["cotangent"], expected["input.x"], expected["z"]);

        Near.Equal(expected["output"], output, Float32Tolerance);
        Near.Equal(expected["vjp.x"], products[0], Float32Tolerance);
        Near.Equal(expected["vjp.z"], products[1], Float32Tolerance);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Encode_MatchesDiffAe(string folder)
    {
        using var scope = NewDisposeScope();
        using DiffusionAutoencoder network = DiffusionAutoencoder.FromPretrained(Goldens.PathTo(folder));
        IReadOnlyDictionary<string, Tensor> expected = Expected(folder);
        Tensor before = expected["input.x0"].clone();

        Near.Equal(expected["z"], network.Encode(expected["input.x0"]), Float32Tolerance);
        Near.Equal(before, expected["input.x0"], 0);
        Near.Equal(expected["output"], network.call(expected["input.x"], expected["input.t"], expected["z"]), Float32Tolerance);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void ParameterNames_AreThoseOfTheFile(string folder)
    {
        using var scope = NewDisposeScope();
        using DiffusionAutoencoder network = DiffusionAutoencoder.FromPretrained(Goldens.PathTo(folder));
        using SafetensorsFile file = SafetensorsFile.Open(Goldens.PathTo(folder, Weights));
        Assert.Equal(file.Names.Order(), network.state_dict().Keys.Order());
    }

    private static IReadOnlyDictionary<string, Tensor> Expected(string folder)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Goldens.PathTo(folder, "expected.safetensors"));
        return file.ReadAll();
    }
}
