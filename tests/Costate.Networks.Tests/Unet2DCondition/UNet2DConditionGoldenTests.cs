using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>The network against diffusers itself.</summary>
public sealed class UNet2DConditionGoldenTests
{
    // Two float32 implementations of some 60 layers; they differ by the order of their sums. Asked for is 1e-4.
    private const double Float32Tolerance = 1e-5;

    private static readonly string[] Differentiable = ["sample", "encoder_hidden_states", "text_embeds"];

    /// <summary>The folders of this kind of network.</summary>
    public static TheoryData<string> Names => GoldenFolders.With("_class_name", nameof(UNet2DConditionModel), "unet-condition", "networks");

    [Theory]
    [MemberData(nameof(Names))]
    public void OutputAndVjps_MatchDiffusers(string name)
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = Pretrained(name);
        Compare(network, GoldenFolders.Expected(name));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void OutputAndVjps_ByProductsAndRecomputed(string name)
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = Pretrained(name);
        network.Attention = AttentionKind.Products;
        network.GradientCheckpointing = true;
        Compare(network, GoldenFolders.Expected(name));
        Assert.Null(network.BackwardError);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Output_IsTheSameWithoutAGraph(string name)
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = Pretrained(name);
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        Tensor before = expected["input.sample"].clone();

        Tensor output = Call(network, expected);

        Assert.False(output.requires_grad);
        Near.Equal(expected["output"], output, Float32Tolerance);
        Near.Equal(before, expected["input.sample"], 0);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ParameterNames_AreThoseOfTheFile(string name)
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = Pretrained(name);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(GoldenFolders.PathTo(name), "diffusion_pytorch_model.safetensors"));
        Assert.Equal(file.Names.Order(), network.state_dict().Keys.Order());
        Assert.Empty(network.Config.IgnoredOptions);
    }

    // Eleven bits of a number, and eight, in some 60 layers.
    [Theory]
    [MemberData(nameof(Names))]
    public void HalfPrecision_IsClose(string name)
    {
        using var scope = NewDisposeScope();
        foreach ((ScalarType dtype, double tolerance) in new[] { (ScalarType.Float16, 1e-2), (ScalarType.BFloat16, 5e-2) })
        {
            using UNet2DConditionModel network = UNet2DConditionModel.FromPretrained(GoldenFolders.PathTo(name), dtype: dtype);
            IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
            (Tensor output, Tensor[] products) = Products(network, expected, dtype);
            Assert.Equal(dtype, output.dtype);
            Near.Equal(expected["output"], output.to(ScalarType.Float32), tolerance);
            Near.Equal(expected["vjp.sample"], products[0].to(ScalarType.Float32), 2 * tolerance);
        }
    }

    // The reference values must be able to tell a wrong option from the right one.
    [Theory]
    [MemberData(nameof(Names))]
    public void OutputAndVjps_OfAWrongOption_AreFoundOut(string name)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        UNet2DConditionConfig right = UNet2DConditionConfig.Read(Path.Combine(GoldenFolders.PathTo(name), "config.json"));
        UNet2DConditionConfig[] wrong =
        [
            right with { AttentionHeadDim = [.. right.AttentionHeadDim.Select(heads => heads == 1 ? 2 : 1)] },
            right with { FlipSinToCos = !right.FlipSinToCos },
            right with { FreqShift = 1 - right.FreqShift },
            right with { NormEps = 1e-2 },
            right with { ActFn = "gelu" },
            right with { NormNumGroups = right.NormNumGroups / 2 },
        ];
        foreach (UNet2DConditionConfig config in wrong)
        {
            using UNet2DConditionModel network = PretrainedNetwork.Load(
                new UNet2DConditionModel(config),
                Path.Combine(GoldenFolders.PathTo(name), "diffusion_pytorch_model.safetensors"),
                null, null, ScalarType.Float32, trainable: false, null, default);
            (Tensor output, Tensor[] products) = Products(network, expected, ScalarType.Float32);
            Assert.True(Near.Relative(expected["output"], output) > 10 * Float32Tolerance, config.ToString());
            Assert.True(Near.Relative(expected["vjp.sample"], products[0]) > 10 * Float32Tolerance, config.ToString());
        }
    }

    private static void Compare(UNet2DConditionModel network, IReadOnlyDictionary<string, Tensor> expected)
    {
        (Tensor output, Tensor[] products) = Products(network, expected, ScalarType.Float32);
        Near.Equal(expected["output"], output, Float32Tolerance);
        string[] names = [.. Differentiable.Where(input => expected.ContainsKey($"vjp.{input}"))];
        Assert.Equal(expected.Keys.Count(key => key.StartsWith("vjp.", StringComparison.Ordinal)), names.Length);
        foreach ((string input, Tensor product) in names.Zip(products))
        {
            Near.Equal(expected[$"vjp.{input}"], product, Float32Tolerance);
        }
    }

    private static (Tensor Output, Tensor[] Products) Products(
        UNet2DConditionModel network, IReadOnlyDictionary<string, Tensor> expected, ScalarType dtype)
    {
        string[] names = [.. Differentiable.Where(input => expected.ContainsKey($"input.{input}"))];
        Tensor timestep = expected["input.timestep"];
        Tensor? timeIds = expected.GetValueOrDefault("input.time_ids");
        return Vjp.Take(
            inputs => network.forward(inputs[0], timestep, inputs[1], inputs.ElementAtOrDefault(2), timeIds),
            expected["cotangent"].to(dtype),
            [.. names.Select(input => expected[$"input.{input}"].to(dtype))]);
    }

    private static Tensor Call(UNet2DConditionModel network, IReadOnlyDictionary<string, Tensor> expected) => network.forward(
        expected["input.sample"],
        expected["input.timestep"],
        expected["input.encoder_hidden_states"],
        expected.GetValueOrDefault("input.text_embeds"),
        expected.GetValueOrDefault("input.time_ids"));

    private static UNet2DConditionModel Pretrained(string name) => UNet2DConditionModel.FromPretrained(GoldenFolders.PathTo(name));
}
