using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>The network against diffusers itself.</summary>
public sealed class AutoencoderKLGoldenTests
{
    // Two float32 implementations of some 30 layers; they differ by the order of their sums. Asked for is 1e-4.
    private const double Float32Tolerance = 1e-5;

    /// <summary>The folders with encoder and decoder.</summary>
    public static TheoryData<string> Both => GoldenFolders.With("_class_name", nameof(AutoencoderKL), "vae");

    /// <summary>Those with one of them.</summary>
    public static TheoryData<string> Single => GoldenFolders.With("_class_name", nameof(AutoencoderKL), "networks");

    [Theory]
    [MemberData(nameof(Both))]
    public void EncodeAndDecode_MatchDiffusers(string name)
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = Pretrained(name);
        Compare(network, GoldenFolders.Expected(name), Float32Tolerance);
        Assert.Empty(network.Config.IgnoredOptions);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void EncodeAndDecode_ByProductsAndRecomputed(string name)
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = Pretrained(name);
        network.Attention = AttentionKind.Products;
        network.GradientCheckpointing = true;
        Compare(network, GoldenFolders.Expected(name), Float32Tolerance);
        Assert.Null(network.BackwardError);
    }

    [Theory]
    [MemberData(nameof(Single))]
    public void EncoderOrDecoder_MatchesDiffusers(string name)
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = Pretrained(name);
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        string input = expected.ContainsKey("input.latent") ? "latent" : "sample";
        (Tensor output, Tensor[] products) = Vjp.Take(
            x => input == "latent" ? network.Decode(x[0]) : network.Encode(x[0]).Mean, expected["cotangent"], expected[$"input.{input}"]);
        Near.Equal(expected["output"], output, Float32Tolerance);
        Near.Equal(expected[$"vjp.{input}"], products[0], Float32Tolerance);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void Output_IsTheSameWithoutAGraph(string name)
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = Pretrained(name);
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        LatentDistribution latents = network.Encode(expected["encode.input.sample"]);
        Tensor image = network.Decode(expected["decode.input.latent"]);
        Assert.False(latents.Mean.requires_grad || latents.LogVariance.requires_grad || image.requires_grad);
        Near.Equal(expected["encode.mean"], latents.Mean, Float32Tolerance);
        Near.Equal(expected["encode.logvar"], latents.LogVariance, Float32Tolerance);
        Near.Equal(expected["decode.output"], image, Float32Tolerance);
    }

    [Theory]
    [MemberData(nameof(Both))]
    public void ParameterNames_AreThoseOfTheFile(string name)
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = Pretrained(name);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(GoldenFolders.PathTo(name), "diffusion_pytorch_model.safetensors"));
        Assert.Equal(file.Names.Select(Attention2D.CurrentName).Order(), network.state_dict().Keys.Order());
    }

    // Eleven bits of a number, and eight, in some 30 layers.
    [Theory]
    [MemberData(nameof(Both))]
    public void HalfPrecision_IsClose(string name)
    {
        using var scope = NewDisposeScope();
        foreach ((ScalarType dtype, double tolerance) in new[] { (ScalarType.Float16, 1e-2), (ScalarType.BFloat16, 5e-2) })
        {
            using AutoencoderKL network = AutoencoderKL.FromPretrained(GoldenFolders.PathTo(name), dtype: dtype);
            Compare(network, GoldenFolders.Expected(name), tolerance, dtype);
        }
    }

    // The reference values must be able to tell a wrong network from the right one.
    [Theory]
    [MemberData(nameof(Both))]
    public void WrongNetwork_IsFoundOut(string name)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        AutoencoderKLConfig right = AutoencoderKLConfig.Read(Path.Combine(GoldenFolders.PathTo(name), "config.json"));
        AutoencoderKLConfig[] wrong = [right with { NormNumGroups = right.NormNumGroups / 2 }, right with { ActFn = "gelu" }];
        foreach (AutoencoderKLConfig config in wrong)
        {
            using AutoencoderKL network = PretrainedNetwork.Load(
                new AutoencoderKL(config),
                Path.Combine(GoldenFolders.PathTo(name), "diffusion_pytorch_model.safetensors"),
                Attention2D.CurrentName, null, ScalarType.Float32, trainable: false, null, default);
            Tensor image = network.Decode(expected["decode.input.latent"]), mean = network.Encode(expected["encode.input.sample"]).Mean;
            Assert.True(Near.Relative(expected["decode.output"], image) > 100 * Float32Tolerance);
            Assert.True(Near.Relative(expected["encode.mean"], mean) > 100 * Float32Tolerance);
        }
    }

    private static void Compare(
        AutoencoderKL network, IReadOnlyDictionary<string, Tensor> expected, double tolerance, ScalarType dtype = ScalarType.Float32)
    {
        Tensor Wanted(string name) => expected[name].to(dtype);
        Tensor x = Wanted("encode.input.sample").clone().requires_grad_(true);
        LatentDistribution latents = network.Encode(x);
        autograd.backward(
            [latents.Mean, latents.LogVariance], [Wanted("encode.cotangent.mean"), Wanted("encode.cotangent.logvar")], inputs: [x]);
        Near.Equal(Wanted("encode.mean"), latents.Mean, tolerance);
        Near.Equal(Wanted("encode.logvar"), latents.LogVariance, tolerance);
        Near.Equal(Wanted("encode.vjp.sample"), x.grad!, 2 * tolerance);

        (Tensor image, Tensor[] products) = Vjp.Take(z => network.Decode(z[0]), Wanted("decode.cotangent"), Wanted("decode.input.latent"));
        Near.Equal(Wanted("decode.output"), image, tolerance);
        Near.Equal(Wanted("decode.vjp.latent"), products[0], 2 * tolerance);
    }

    private static AutoencoderKL Pretrained(string name) => AutoencoderKL.FromPretrained(GoldenFolders.PathTo(name));
}
