using System.Text.Json.Nodes;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>The network against diffusers itself.</summary>
public sealed class UNet2DGoldenTests
{
    // Two float32 implementations of some 30 layers; they differ by the order of their sums. Asked for is 1e-4.
    private const double Float32Tolerance = 5e-6;

    /// <summary>The folders of this kind of network.</summary>
    public static TheoryData<string> Names => [.. Directory.GetDirectories(Goldens.PathTo("networks"))
                .Where(folder =>
                    (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!["_class_name"] == nameof(UNet2DModel))
        .Select(folder => Path.GetFileName(folder))
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void OutputAndVjp_MatchDiffusers(string name)
    {
        using var scope = NewDisposeScope();
        using UNet2DModel network = Pretrained(name);
        IReadOnlyDictionary<string, Tensor> expected = Expected(name);
        Tensor t = expected["input.timestep"];
        Tensor? labels = expected.GetValueOrDefault("input.class_labels");

        (Tensor output, Tensor[] products) = Vjp.Take(
            x => network.forward(x[0], t, labels),
            expected["cotangent"],
            expected["input.sample"]);

        Near.Equal(expected["output"], output, Float32Tolerance);
        Near.Equal(expected["vjp.sample"], products[0], Float32Tolerance);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Output_IsTheSameWithoutAGraph(string name)
    {
        using var scope = NewDisposeScope();
        using UNet2DModel network = Pretrained(name);
        IReadOnlyDictionary<string, Tensor> expected = Expected(name);
        Tensor x = expected["input.sample"];
        Tensor before = x.clone();

        Tensor output = network.forward(x, expected["input.timestep"], expected.GetValueOrDefault("input.class_labels"));

        Assert.False(output.requires_grad);
        Near.Equal(expected["output"], output, Float32Tolerance);
        Near.Equal(before, x, 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ParameterNames_AreThoseOfTheFile(string name)
    {
        using var scope = NewDisposeScope();
        using UNet2DModel network = Pretrained(name);
        using SafetensorsFile file = SafetensorsFile.Open(Goldens.PathTo("networks", name, "diffusion_pytorch_model.safetensors"));
        Assert.Equal(file.Names.Order(), network.state_dict().Keys.Order());
    }

    private static UNet2DModel Pretrained(string name) => UNet2DModel.FromPretrained(Goldens.PathTo("networks", name));

    private static IReadOnlyDictionary<string, Tensor> Expected(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Goldens.PathTo("networks", name, "expected.safetensors"));
        return file.ReadAll();
    }
}
