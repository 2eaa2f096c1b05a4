using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class SD3TransformerTests
{
    private static readonly SD3Transformer2DConfig Tiny = new()
    {
        SampleSize = 8,
        InChannels = 3,
        OutChannels = 2,
        NumLayers = 2,
        AttentionHeadDim = 4,
        NumAttentionHeads = 2,
        JointAttentionDim = 5,
        CaptionProjectionDim = 8,
        PooledProjectionDim = 6,
        PosEmbedMaxSize = 4,
        DualAttentionLayers = [0],
        QkNorm = "rms_norm",
    };

    // Everything that gets a gradient, with blocks computed again and without.
    [Fact]
    public void WeightGradients_AreThoseOfTheGraph()
    {
        using var scope = NewDisposeScope();
        using var network = new SD3Transformer2DModel(Tiny);
        RandomParameters.Fill(network).to(ScalarType.Float64);
        Tensor[] expected = Gradients();
        network.GradientCheckpointing = true;
        foreach ((Tensor one, Tensor other) in expected.Zip(Gradients()))
        {
            Assert.True((one - other).abs().max().item<double>() < 1e-11);
        }

        Assert.Null(network.get_parameter("pos_embed.pos_embed")!.grad);

        Tensor[] Gradients()
        {
            Tensor[] trained = [.. network.parameters().Where(p => p.requires_grad)];
            Tensor output = network.call(Noise(2, 3, 6, 8), Noise(2), Noise(2, 3, 5), Noise(2, 6));
            Assert.Equal([2, 2, 6, 8], output.shape);
            return [.. Autograd.Gradients([output.square().sum()], trained)];
        }
    }

    // A new network's table is that of the published ones: the places of a centred part of it are of the middle.
    [Fact]
    public void Places_AreOfTheMiddle()
    {
        using var scope = NewDisposeScope();
        using var network = new SD3Transformer2DModel(Tiny with { PosEmbedMaxSize = 5 });
        Tensor table = network.get_parameter("pos_embed.pos_embed")!.unflatten(1, [5, 5]);

        // Column, then row, in units that make the trained grid of 4 as long as the table's 5.
        Near.Equal(tensor(new[] { 2 * 0.8, 0.02 * 0.8 }).sin().to(ScalarType.Float32), table[0, 3, 2, ..2], 1e-6);
        Near.Equal(tensor(new[] { 3 * 0.8, 0.03 * 0.8 }).cos().to(ScalarType.Float32), table[0, 3, 2, 6..], 1e-6);
    }

    [Fact]
    public void Inputs_AreCheckedBeforeNativeCode()
    {
        using var scope = NewDisposeScope();
        using var network = new SD3Transformer2DModel(Tiny);
        Tensor x = ones(2, 3, 8, 4), t = ones(2), text = ones(2, 3, 5), pooled = ones(2, 6);
        Refuses("hiddenStates", "sides that the patch's 2 divides", ones(2, 3, 7, 4), t, text, pooled);
        Refuses("hiddenStates", "at most 8 a side", ones(2, 3, 10, 4), t, text, pooled);
        Refuses("hiddenStates", "[2, 4, 8, 4]", ones(2, 4, 8, 4), t, text, pooled);
        Refuses("hiddenStates", "Float64", x.to(ScalarType.Float64), t, text, pooled);
        Refuses("timestep", "[3]", x, ones(3), text, pooled);
        Refuses("encoderHiddenStates", "[2, 3, 4]", x, t, ones(2, 3, 4), pooled);
        Refuses("pooledProjections", "[2, 7]", x, t, text, ones(2, 7));

        void Refuses(string parameter, string text, params Tensor[] inputs)
        {
            InputException e = Assert.Throws<InputException>(() => { network.call(inputs[0], inputs[1], inputs[2], inputs[3]); });
            Assert.Equal(parameter, e.ParamName);
            Assert.Contains(text, e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("qk_norm", "\"layer_norm\"")]
    [InlineData("patch_size", "3")]
    [InlineData("num_layers", "0")]
    [InlineData("caption_projection_dim", "1000")]
    [InlineData("dual_attention_layers", "[18]")]
    [InlineData("_class_name", "\"FluxTransformer2DModel\"", "FluxTransformer2DModel")]
    public void UnsupportedValue_IsNamed(string option, string value, string? named = null)
    {
        Exception e = Assert.ThrowsAny<Exception>(() =>
        {
            string json = $$"""{"{{option}}": {{value}}}""";
            SD3Transformer2DConfig.From(JsonOptions.Parse("config.json", Encoding.UTF8.GetBytes(json))).Check();
        });
        Assert.True(e is NotSupportedException or ArgumentException or InvalidDataException, e.ToString());
        Assert.Contains(named ?? option, e.Message, StringComparison.Ordinal);
    }

    private static Tensor Noise(params long[] shape) => StartNoise.Draw(shape, 1, ScalarType.Float64);
}
