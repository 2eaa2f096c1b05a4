using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>Networks of public layouts along a direction, and with respect to the time that they are told.</summary>
public sealed class SecondDerivativeTests
{
    [Fact]
    public void Tangent_EqualsFiniteDifferences_WithAttentionByProducts()
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain);
        network.Attention = AttentionKind.Products;
        Sampler sampler = NewSampler(network);
        Tensor[] inputs = TinyUNet2DCondition.Inputs();
        Tensor v = StartNoise.Draw(inputs[0].shape, 8, ScalarType.Float64);
        Tensor tangent = sampler.Tangent(inputs[0], inputs[1], v).Tangent;
        const double step = 1e-5;
        Tensor ahead = sampler.Sample(inputs[0] + (step * v), inputs[1]), behind = sampler.Sample(inputs[0] - (step * v), inputs[1]);
        Near.Equal((ahead - behind) / (2 * step), tangent, 1e-7);
    }

    [Theory]
    [InlineData(AttentionKind.Fused, false, "scaled_dot_product_attention")]
    [InlineData(AttentionKind.Products, true, "recomputes its layers")]
    public void FusedAttention_AndRecomputation_AreRefusedWithTheCure(AttentionKind kind, bool recomputes, string cure)
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain);
        network.Attention = kind;
        network.GradientCheckpointing = recomputes;
        Tensor[] inputs = TinyUNet2DCondition.Inputs();
        string message = Assert.Throws<InvalidOperationException>(
            () => NewSampler(network).Tangent(inputs[0], inputs[1], inputs[0])).Message;
        Assert.Contains("no second derivatives", message);
        Assert.Contains(cure, message);
    }

    [Fact]
    public void Times_EqualFiniteDifferences()
    {
        using var scope = NewDisposeScope();
        using UNet2DConditionModel network = TinyUNet2DCondition.Network(TinyUNet2DCondition.Plain);
        Tensor[] inputs = TinyUNet2DCondition.Inputs();
        double[] times = [0.9, 0.6, 0.35, 0.1];
        Tensor gradient = NewSampler(network, times).Gradient(inputs[0], inputs[1], Loss, also: GradientParts.Times).Times!;
        const double step = 1e-6;
        for (int k = 0; k < times.Length; k++)
        {
            Near.Equal((At(k, 1) - At(k, -1)) / (2 * step), gradient[k], 1e-6);
        }

        static Tensor Loss(Tensor x) => x.square().mean([1L, 2L, 3L]);

        Tensor At(int k, int steps)
        {
            double[] moved = [.. times];
            moved[k] += steps * step;
            return Loss(NewSampler(network, moved).Sample(inputs[0], inputs[1]));
        }
    }

    private static Sampler NewSampler(UNet2DConditionModel network, double[]? times = null) => new(
        Denoiser.FromFunction((x, t, z) => network.call(x, t, z!), Prediction.Noise, trainingTimesteps: 1000),
        NoiseSchedule.VpLinear(),
        Solver.DpmSolverPlusPlus(2),
        TimeGrid.FromTimes(times ?? [0.9, 0.5, 0.1]));
}
