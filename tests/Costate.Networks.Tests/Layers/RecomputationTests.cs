using System.Runtime.InteropServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class RecomputationTests
{
    [Theory]
    [InlineData(AttentionKind.Fused)]
    [InlineData(AttentionKind.Products)]
    public void Gradients_OfInputsConditionsAndWeights_AreThoseOfTheGraph(AttentionKind kind)
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.WithText);
        network.Attention = kind;
        Tensor[] expected = Gradients(network);
        network.GradientCheckpointing = true;
        Tensor[] recomputed = Gradients(network);
        Assert.True(expected.Length > 100);
        foreach ((Tensor one, Tensor other) in expected.Zip(recomputed))
        {
            // Sums of float64 in another order, relative to gradients of about 1 (biases of keys have none but rounding).
            Assert.True((one - other).abs().max().item<double>() < 1e-11);
        }
    }

    [Fact]
    public void FrozenWeights_GetNothing()
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain);
        foreach (Parameter parameter in network.parameters())
        {
            parameter.requires_grad_(false);
        }

        network.GradientCheckpointing = true;
        (_, Tensor[] products) = Vjp.Take(
            x => TinyUNet2DCondition.Call(network, x), ones(2, 4, 6, 5, dtype: ScalarType.Float64), TinyUNet2DCondition.Inputs()[..2]);
        Assert.True(products.All(product => product.norm().item<double>() > 0));
        Assert.All(network.parameters(), parameter => Assert.Null(parameter.grad));
    }

    // A backward pass adds to what is there, with recomputation too.
    [Fact]
    public void WeightGradients_AreAddedToThoseThatAreThere()
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain);
        network.GradientCheckpointing = true;
        Parameter weight = network.get_parameter("mid_block.resnets.0.conv1.weight")!;
        Tensor[] inputs = TinyUNet2DCondition.Inputs();
        void Backward() => TinyUNet2DCondition.Call(network, inputs).square().sum().backward();
        Backward();
        Tensor once = weight.grad!.clone();
        Backward();
        Near.Equal(2 * once, weight.grad!, 1e-14);
        network.zero_grad();
    }

    [Fact]
    public void Dropout_IsTheSameInTheGradient()
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain with { Dropout = 0.3 });
        network.train();
        Tensor[] Seeded()
        {
            manual_seed(5);
            return [.. Gradients(network), rand(1, dtype: ScalarType.Float64)];
        }

        Tensor[] expected = Seeded();
        network.GradientCheckpointing = true;
        Assert.All(expected.Zip(Seeded()), pair => Assert.True((pair.First - pair.Second).abs().max().item<double>() < 1e-11));
    }

    [Fact]
    public void SecondDerivatives_AreRefused()
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain);
        network.GradientCheckpointing = true;
        Tensor[] inputs = [.. TinyUNet2DCondition.Inputs().Select(x => x.requires_grad_(true))];
        Tensor value = TinyUNet2DCondition.Call(network, inputs).square().sum();
        Assert.ThrowsAny<ExternalException>(() => { Autograd.Gradients([value], [inputs[0]], createGraph: true); });
        Assert.Contains("gradient checkpointing", network.BackwardError!.Message, StringComparison.Ordinal);

        Tensor again = TinyUNet2DCondition.Call(network, inputs).square().sum();
        Autograd.Gradients([again], [inputs[0]]);
        Assert.Null(network.BackwardError);
    }

    [Fact]
    public void WeightsChangedInPlace_AreRefused()
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain);
        network.GradientCheckpointing = true;
        Tensor value = TinyUNet2DCondition.Call(network, TinyUNet2DCondition.Inputs()).square().sum();
        using (no_grad())
        {
            network.get_parameter("mid_block.resnets.0.conv1.weight")!.mul_(2);
        }

        Assert.ThrowsAny<ExternalException>(() => value.backward());
        Assert.NotNull(network.BackwardError);
        network.zero_grad();
    }

    // Inputs, then weights.
    private static Tensor[] Gradients(UNet2DConditionModel network)
    {
        int count = network.Config.AdditionEmbedType is null ? 2 : 3;
        Tensor[] leaves = [.. TinyUNet2DCondition.Inputs().Take(count).Select(x => x.requires_grad_(true))];
        Tensor output = TinyUNet2DCondition.Call(network, leaves);
        return [output.detach(), .. Autograd.Gradients([output.square().sum()], [.. leaves, .. network.parameters()])];
    }
}
