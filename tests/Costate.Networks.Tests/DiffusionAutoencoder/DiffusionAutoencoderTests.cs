using System.Text.Json.Nodes;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class DiffusionAutoencoderTests
{
    private const string Weights = "diffae.safetensors";

    // Two float32 implementations of some 40 layers; they differ by the order of their sums. Asked for is 1e-4.
    private const double Float32Tolerance = 5e-6;

    private static readonly DiffusionAutoencoderConfig Tiny = new()
    {
        ImageSize = 8,
        ModelChannels = 8,
        ChannelMult = [1, 2],
        NumResBlocks = 1,
        EmbedChannels = 12,
        EncOutChannels = 12,
        EncNumResBlock = 1,
        AttentionResolutions = [4],
        ResnetUseZeroModule = false,
    };

    [Fact]
    public void Encode_IsDifferentiable()
    {
        using var scope = NewDisposeScope();
        using DiffusionAutoencoder network = DiffusionAutoencoder.FromPretrained(Folder, dtype: ScalarType.Float64);
        Tensor x = StartNoise.Draw([2, 3, 16, 16], 1, ScalarType.Float64);
        Tensor direction = StartNoise.Draw([2, 3, 16, 16], 2, ScalarType.Float64);
        Tensor cotangent = StartNoise.Draw([2, 48], 3, ScalarType.Float64);

        (_, Tensor[] products) = Vjp.Take(input => network.Encode(input[0]), cotangent, x);

        const double Step = 1e-5;
        Tensor difference = (network.Encode(x + (Step * direction)) - network.Encode(x - (Step * direction))) / (2 * Step);
        // A central difference of step 1e-5 in float64 is good to about 1e-10.
        Near.Equal((difference * cotangent).sum(), (products[0] * direction).sum(), 1e-8);
    }

    [Fact]
    public void SamplerGradients_DiscreteEqualsUnrolled()
    {
        using var scope = NewDisposeScope();
        using DiffusionAutoencoder network = Pretrained();
        var sampler = new Sampler(network.ToDenoiser(), NoiseSchedule.VpLinear(), Solver.DpmSolverPlusPlus(2), TimeGrid.Uniform(4));
        Tensor start = StartNoise.Draw([2, 3, 16, 16], 4);
        Tensor z = Expected()["z"];
        static Tensor Loss(Tensor x) => x.square().sum([1, 2, 3]);

        SampleGradient unrolled = sampler.Gradient(start, z, Loss, GradientMethod.Unrolled());
        SampleGradient discrete = sampler.Gradient(start, z, Loss, GradientMethod.Discrete());

        // The same products summed in another order, in float32. Asked for is 1e-4.
        Near.Equal(unrolled.StartNoise, discrete.StartNoise, 1e-5);
        Near.Equal(unrolled.Condition!, discrete.Condition!, 1e-5);
        Assert.Empty(discrete.Parameters);
    }

    [Fact]
    public void Heads_SplitBeforeOrAfter()
    {
        using var scope = NewDisposeScope();
        using var after = new DiffusionAutoencoder(Tiny with { NumHeads = 2 });
        using var before = new DiffusionAutoencoder(Tiny with { NumHeadChannels = 8, UseNewAttentionOrder = true });
        using (no_grad())
        {
            foreach ((string name, var parameter) in before.named_parameters())
            {
                Tensor source = after.get_parameter(name)!;
                if (name.Contains(".proj_out.", StringComparison.Ordinal))
                {
                    source.fill_(0.1).add_(randn_like(source), 0.1); // zero in a new network, which would hide attention
                }

                // [heads, 3, width] here, [3, heads, width] there; 16 channels have 2 heads of 8.
                parameter.copy_(name.Contains(".qkv.", StringComparison.Ordinal)
                    ? source.unflatten(0, [2, 3, 8]).transpose(0, 1).flatten(0, 2)
                    : source);
            }
        }

        after.eval();
        before.eval();
        Tensor x = StartNoise.Draw([2, 3, 8, 8], 5);
        Tensor t = tensor([3f, 800f]);
        Tensor z = after.Encode(x);
        Near.Equal(z, before.Encode(x), 1e-5);
        Near.Equal(after.call(x, t, z), before.call(x, t, z), 1e-5);
    }

    public static TheoryData<string, DiffusionAutoencoderConfig> Shapes => new()
    {
        { "fewer blocks down", Tiny with { NumInputResBlocks = 1, NumResBlocks = 3 } },
        { "more blocks down", Tiny with { NumInputResBlocks = 3 } },
        { "other channels down", Tiny with { InputChannelMult = [2, 1] } },
        { "convolutions between levels", Tiny with { ResblockUpdown = false } },
        { "means between levels", Tiny with { ResblockUpdown = false, ConvResample = false } },
        { "other encoder", Tiny with { EncChannelMult = [2, 2, 4], EncAttnResolutions = [8, 2], EncNumResBlock = 2 } },
        { "heads on the way up", Tiny with { NumHeadsUpsample = 4 } },
        { "code of another width", Tiny with { EncOutChannels = 5, ResnetCondChannels = 5 } },
        { "zero at first", Tiny with { ResnetUseZeroModule = true } },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void OtherShapes_Run(string name, DiffusionAutoencoderConfig config)
    {
        using var scope = NewDisposeScope();
        using var network = new DiffusionAutoencoder(config);
        Tensor x = StartNoise.Draw([2, 3, 8, 16], 5);
        Tensor z = network.Encode(x);
        Tensor output = network.call(x, tensor([3f, 800f]), z);
        Assert.Equal([2, config.EncOutChannels], z.shape);
        Assert.Equal(x.shape, output.shape);
        Assert.True(output.isfinite().all().item<bool>(), name);
        Assert.Equal(config.ResnetUseZeroModule, output.abs().max().item<float>() == 0);
    }

    [Fact]
    public void Ffhq256_HasThePublishedShape()
    {
        DiffusionAutoencoderConfig config = DiffusionAutoencoderConfig.Ffhq256;
        config.Check();
        Assert.Equal((256, 128, 512, 512), (config.ImageSize, config.ModelChannels, config.EmbedChannels, config.EncOutChannels));
    }

    [Theory]
    [InlineData("resnet_two_cond", "false")]
    [InlineData("dims", "3")]
    [InlineData("num_classes", "10")]
    [InlineData("enc_pool", "\"depthconv\"")]
    [InlineData("latent_net_conf", "{}")]
    public void UnsupportedOption_IsNamed(string option, string value)
    {
        using ModelFolder folder = new ModelFolder(Weights, "diffae").Set(option, JsonNode.Parse(value));
        Assert.Contains(
            option,
            Assert.Throws<NotSupportedException>(() => DiffusionAutoencoder.FromPretrained(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model_channels", "33")]
    [InlineData("model_channels", "2000000")]
    [InlineData("channel_mult", "[]")]
    [InlineData("input_channel_mult", "[1, 2, 2]")]
    [InlineData("num_heads", "3")]
    [InlineData("num_heads_upsample", "0")]
    [InlineData("num_head_channels", "48")]
    [InlineData("enc_out_channels", "47")]
    [InlineData("num_res_blocks", "0")]
    public void SizesThatDoNotFit_AreNamed(string option, string value)
    {
        using ModelFolder folder = new ModelFolder(Weights, "diffae").Set(option, JsonNode.Parse(value));
        Assert.Contains(
            option,
            Assert.Throws<ArgumentException>(() => DiffusionAutoencoder.FromPretrained(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void MisshapenParameter_IsNamedWithBothShapes()
    {
        using ModelFolder folder = new ModelFolder(Weights, "diffae").Set("enc_channel_mult", JsonNode.Parse("[1, 2, 4]"));
        string message = Assert.Throws<InvalidDataException>(() => DiffusionAutoencoder.FromPretrained(folder.Path)).Message;
        Assert.Contains(
            "'encoder.input_blocks.5.0.in_layers.2.weight' in shape [64, 64, 3, 3]; the network has it in shape [128, 64, 3, 3]",
            message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Inputs_AreCheckedBeforeNativeCode()
    {
        using var scope = NewDisposeScope();
        using DiffusionAutoencoder network = Pretrained();
        Tensor t = tensor([5f]);
        Refuses("[1, 4, 8, 8]", () => network.call(zeros(1, 4, 8, 8), t, zeros(1, 48)));
        Refuses("multiples of 2", () => network.call(zeros(1, 3, 8, 7), t, zeros(1, 48)));
        Refuses("multiples of 4", () => network.Encode(zeros(1, 3, 8, 6)));
        Refuses("t of shape [1]; expected [2]", () => network.call(zeros(2, 3, 8, 8), t, zeros(2, 48)));
        Refuses("z of shape [1, 47]; expected [1, 48]", () => network.call(zeros(1, 3, 8, 8), t, zeros(1, 47)));
        Refuses("Float64", () => network.call(zeros(1, 3, 8, 8), t, zeros(1, 48, dtype: ScalarType.Float64)));

        static void Refuses(string text, Func<Tensor> call) =>
            Assert.Contains(text, Assert.Throws<ArgumentException>(() => { call(); }).Message, StringComparison.Ordinal);
    }

    private static string Folder => Fixtures.PathTo("diffae");

    private static DiffusionAutoencoder Pretrained() => DiffusionAutoencoder.FromPretrained(Folder);

    private static IReadOnlyDictionary<string, Tensor> Expected()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder, "expected.safetensors"));
        return file.ReadAll();
    }
}
