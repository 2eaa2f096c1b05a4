using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class FluxTransformerTests
{
    private static readonly FluxTransformer2DConfig Tiny = new()
    {
        InChannels = 4,
        OutChannels = 3,
        NumLayers = 1,
        NumSingleLayers = 2,
        AttentionHeadDim = 8,
        NumAttentionHeads = 2,
        JointAttentionDim = 5,
        PooledProjectionDim = 6,
        GuidanceEmbeds = true,
        AxesDimsRope = [2, 2, 4],
    };

    [Fact]
    public void WeightGradients_AreThoseOfTheGraph()
    {
        using var scope = NewDisposeScope();
        using var network = new FluxTransformer2DModel(Tiny);
        RandomParameters.Fill(network).to(ScalarType.Float64);
        Tensor[] expected = Gradients();
        network.GradientCheckpointing = true;
        foreach ((Tensor one, Tensor other) in expected.Zip(Gradients()))
        {
            Assert.True((one - other).abs().max().item<double>() < 1e-11);
        }

        Tensor[] Gradients()
        {
            Tensor output = network.forward(
                Noise(2, 6, 4), Noise(2).abs(), Noise(2, 3, 5), Noise(2, 6), Noise(6, 3), zeros(3, 3), tensor(new[] { 3.5, 1 }));
            Assert.Equal([2, 6, 3], output.shape);
            return [.. Autograd.Gradients([output.square().sum()], [.. network.parameters()])];
        }
    }

    [Fact]
    public void Inputs_AreCheckedBeforeNativeCode()
    {
        using var scope = NewDisposeScope();
        using var network = new FluxTransformer2DModel(Tiny);
        using var without = new FluxTransformer2DModel(Tiny with { GuidanceEmbeds = false });
        Tensor[] right = [ones(2, 6, 4), ones(2), ones(2, 3, 5), ones(2, 6), zeros(6, 3), zeros(3, 3)];
        string[] names = ["hiddenStates", "timestep", "encoderHiddenStates", "pooledProjections", "imgIds", "txtIds"];
        Tensor[] wrong = [ones(2, 6, 5), ones(3), ones(2, 3, 4), ones(1, 6), zeros(5, 3), zeros(3, 2)];
        for (int i = 0; i < names.Length; i++)
        {
            Tensor[] inputs = [.. right];
            inputs[i] = wrong[i];
            Assert.Equal(names[i], Assert.Throws<InputException>(() => { Call(network, inputs, ones(2)); }).ParamName);
        }

        Assert.Contains("3.5 is usual", Assert.Throws<InputException>(() => { Call(network, right, null); }).Message,
            StringComparison.Ordinal);
        Assert.Contains("schnell", Assert.Throws<InputException>(() => { Call(without, right, ones(2)); }).Message,
            StringComparison.Ordinal);
        Assert.Equal([2, 6, 3], Call(without, right, null).shape);
    }

    [Theory]
    [InlineData("axes_dims_rope", "[16, 56]")]
    [InlineData("axes_dims_rope", "[17, 55, 56]")]
    [InlineData("attention_head_dim", "64")]
    [InlineData("num_single_layers", "0")]
    [InlineData("guidance_embeds", "3.5")]
    public void UnsupportedValue_IsNamed(string option, string value)
    {
        Exception e = Assert.ThrowsAny<Exception>(() =>
        {
            string json = $$"""{"{{option}}": {{value}}}""";
            FluxTransformer2DConfig.From(JsonOptions.Parse("config.json", Encoding.UTF8.GetBytes(json))).Check();
        });
        Assert.True(e is NotSupportedException or ArgumentException or InvalidDataException, e.ToString());
        Assert.Contains(option, e.Message, StringComparison.Ordinal);
    }

    private static Tensor Call(FluxTransformer2DModel network, Tensor[] x, Tensor? guidance) =>
        network.forward(x[0], x[1], x[2], x[3], x[4], x[5], guidance);

    private static Tensor Noise(params long[] shape) => StartNoise.Draw(shape, 1, ScalarType.Float64);
}
