using System.Text;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class AutoencoderKLTests
{
    // Counts of diffusers' own networks.
    [Theory]
    [InlineData("sd-vae", 83_653_863, 248)]
    [InlineData("sdxl-vae", 83_653_863, 248)]
    [InlineData("flux-vae", 83_819_683, 244)]
    public void FullSize_HasTheParametersOfThePublicNetwork(string name, long parameters, int tensors)
    {
        using var scope = NewDisposeScope();
        AutoencoderKLConfig config = AutoencoderKLConfig.Read(Fixtures.PathTo("configs", $"{name}.json"));
        Assert.Empty(config.IgnoredOptions);
        using var meta = new MetaDevice();
        using var network = new AutoencoderKL(config);
        Assert.Equal(tensors, network.named_parameters().Count());
        Assert.Equal(parameters, network.parameters().Sum(p => p.numel()));
    }

    [Fact]
    public void Sample_IsMeanAndNoiseOfEachItem()
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = TinyAutoencoder.Network();
        Tensor images = TinyAutoencoder.Image(8, 6, batch: 3);
        LatentDistribution latents = network.Encode(images);
        Tensor noise = StartNoise.Draw(latents.Mean.shape, 5, ScalarType.Float64);
        Near.Equal(latents.Mean + ((0.5 * latents.LogVariance).exp() * noise), latents.Sample(5), 1e-14);
        Near.Equal(latents.Sample(5)[0], network.Encode(images[..1]).Sample(5)[0], 1e-12);
        Assert.True(Near.Relative(latents.Sample(5), latents.Sample(6)) > 0.1);
    }

    [Fact]
    public void LogVariance_IsClamped()
    {
        using var scope = NewDisposeScope();
        Tensor moments = cat([zeros(1, 1, 1, 3), tensor(new[] { -100f, 3f, 100f }).reshape(1, 1, 1, 3)], 1);
        Near.Equal(tensor(new[] { -30f, 3f, 20f }).reshape(1, 1, 1, 3), LatentDistribution.Of(moments).LogVariance, 0);
    }

    // SDXL, Flux, and a derivative of SDXL with a scale of its own for each channel.
    [Fact]
    public void Normalize_IsTheConfigurationsScaleAndShift()
    {
        using var scope = NewDisposeScope();
        Tensor latents = TinyAutoencoder.Latents(2, 3, batch: 2);
        using AutoencoderKL sdxl = TinyAutoencoder.Network(TinyAutoencoder.Config with { ScalingFactor = 0.13025 });
        Near.Equal(latents * 0.13025, sdxl.Normalize(latents), 1e-15);
        using AutoencoderKL flux = TinyAutoencoder.Network(TinyAutoencoder.Config with { ScalingFactor = 0.3611, ShiftFactor = 0.1159 });
        Near.Equal((latents - 0.1159) * 0.3611, flux.Normalize(latents), 1e-15);
        using AutoencoderKL channels = TinyAutoencoder.Network(
            TinyAutoencoder.Config with { ScalingFactor = 0.5, LatentsMean = [1, 2, 3, 4], LatentsStd = [5, 6, 7, 8] });
        Near.Equal((latents[1, 2] - 3) * 0.5 / 7, channels.Normalize(latents)[1, 2], 1e-15);
        foreach (AutoencoderKL network in new[] { sdxl, flux, channels })
        {
            Near.Equal(latents, network.Denormalize(network.Normalize(latents)), 1e-15);
        }
    }

    [Fact]
    public void Item_DoesNotDependOnItsBatch()
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = TinyAutoencoder.Network();
        Tensor images = TinyAutoencoder.Image(8, 6, batch: 3);
        Tensor latents = network.Encode(images).Mean;

        // Sums of float64 in another order.
        Near.Equal(latents[1], network.Encode(images[1..2]).Mean[0], 1e-12);
        Near.Equal(network.Decode(latents)[2], network.Decode(latents[2..])[0], 1e-12);
    }

    [Fact]
    public void WeightGradients_AreTheSameRecomputed()
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = TinyAutoencoder.Network();
        Tensor[] Gradients()
        {
            Tensor x = TinyAutoencoder.Image(8, 6).requires_grad_(true);
            Tensor value = network.Decode(network.Encode(x).Sample(3)).square().sum();
            return [.. Autograd.Gradients([value], [x, .. network.parameters()])];
        }

        Tensor[] expected = Gradients();
        network.GradientCheckpointing = true;
        foreach ((Tensor one, Tensor other) in expected.Zip(Gradients()))
        {
            Near.Equal(one, other, 1e-12);
        }
    }

    [Fact]
    public void Inputs_AreCheckedBeforeNativeCode()
    {
        using var scope = NewDisposeScope();
        using AutoencoderKL network = TinyAutoencoder.Network();
        Refuses("image", "[1, 4, 8, 8]", () => network.Encode(zeros(1, 4, 8, 8, dtype: ScalarType.Float64)).Mean);
        Refuses("image", "Float32", () => network.Encode(zeros(1, 3, 8, 8)).Mean);
        Refuses("image", "1 x 8", () => network.Encode(TinyAutoencoder.Image(1, 8)).Mean);
        Refuses("latents", "[1, 3, 8, 8]", () => network.Decode(TinyAutoencoder.Image(8, 8)));
        Refuses("latents", "[1, 3, 8, 8]", () => network.Normalize(TinyAutoencoder.Image(8, 8)));
        Refuses("tileSize", "multiple of 8", () =>
        {
            network.TileSize = 12;
            return zeros(1);
        });
        network.TileSize = 8;
        Refuses("image", "2 divides", () => network.Encode(TinyAutoencoder.Image(9, 9)).Mean);

        static void Refuses(string parameter, string text, Func<Tensor> call)
        {
            InputException e = Assert.Throws<InputException>(() => { call(); });
            Assert.Equal(parameter, e.ParamName);
            Assert.Contains(text, e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("down_block_types", """["AttnDownEncoderBlock2D"]""")]
    [InlineData("up_block_types", """["AttnUpDecoderBlock2D"]""")]
    [InlineData("up_block_types", """["UpDecoderBlock2D", "UpDecoderBlock2D"]""")]
    [InlineData("act_fn", "\"tanh\"")]
    [InlineData("norm_num_groups", "7")]
    [InlineData("latent_channels", "0")]
    [InlineData("layers_per_block", "[1]")]
    [InlineData("scaling_factor", "0")]
    [InlineData("scaling_factor", "\"1\"")]
    [InlineData("latents_mean", "[1, 2]")]
    [InlineData("latents_std", "[1, 2, 3, 4]")]
    [InlineData("use_quant_conv", "\"no\"")]
    [InlineData("_class_name", "\"AutoencoderTiny\"")]
    public void UnsupportedValue_IsNamed(string option, string value)
    {
        Exception e = Assert.ThrowsAny<Exception>(() =>
        {
            using var scope = NewDisposeScope();
            using var network = new AutoencoderKL(Parse($$"""{"{{option}}": {{value}}}"""));
        });
        Assert.True(e is NotSupportedException or ArgumentException or InvalidDataException, e.ToString());
        Assert.Contains(option == "_class_name" ? "AutoencoderTiny" : option, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AbsentAndUnknownOptions_AreDefaultsAndListed()
    {
        AutoencoderKLConfig config = Parse("""{"new_thing": 3, "shift_factor": null, "latents_mean": null}""");
        Assert.Equal(["new_thing"], config.IgnoredOptions);
        Assert.Equal(0.18215, config.ScalingFactor);
        Assert.Equal(0, config.ShiftFactor);
        Assert.True(config.ForceUpcast && config.UseQuantConv && config.UsePostQuantConv && config.MidBlockAddAttention);
    }

    private static AutoencoderKLConfig Parse(string json) =>
        AutoencoderKLConfig.From(JsonOptions.Parse("config.json", Encoding.UTF8.GetBytes(json)));
}
