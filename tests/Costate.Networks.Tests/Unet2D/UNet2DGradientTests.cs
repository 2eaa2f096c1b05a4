using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class UNet2DGradientTests
{
    // A new network is in training mode, and drops.
    [Fact]
    public void Dropout_IsTheSampleS_InTheGradient()
    {
        using var scope = NewDisposeScope();
        using UNet2DModel other = UNet2DModel.FromPretrained(Fixtures.PathTo("networks", "unet2d-ddpm"));
        using var network = new UNet2DModel(other.Config with { Dropout = 0.1 });
        Assert.True(network.training);
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var sampler = new Sampler(
            Denoiser.FromModule(network, Prediction.Noise, trainingTimesteps: 1000),
            schedule,
            Solver.DpmSolverPlusPlus(2),
            TimeGrid.UniformLogSnr(schedule, 3));
        Tensor start = StartNoise.Draw([1, 3, 16, 16], 1);
        SampleGradient Gradient(GradientMethod method)
        {
            manual_seed(4);
            return sampler.Gradient(start, null, x => x.square().sum([1, 2, 3]), method);
        }

        SampleGradient expected = Gradient(GradientMethod.Unrolled());

        // Two orders of summation in 32 bits; other masks change it by a third.
        Near.Equal(expected.StartNoise, Gradient(GradientMethod.Discrete()).StartNoise, 1e-4);
        Near.Equal(expected.StartNoise, Gradient(GradientMethod.Discrete(Checkpointing.Revolve(2))).StartNoise, 1e-4);
    }

    // A network in 32 bits answers the same with a graph as without, so that reconstructed states are the states of the sample.
    [Fact]
    public void Reversible_ThroughTheNetwork_ReconstructsEveryBit()
    {
        using var scope = NewDisposeScope();
        using UNet2DModel network = UNet2DModel.FromPretrained(Fixtures.PathTo("networks", "unet2d-ddpm"));
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var sampler = new Sampler(
            Denoiser.FromModule(network, Prediction.Noise, trainingTimesteps: 1000),
            schedule,
            Solver.Rex(ButcherTableau.Midpoint),
            TimeGrid.UniformLogSnr(schedule, 5));
        Tensor start = StartNoise.Draw([2, 3, 16, 16], 1);
        SampleGradient Gradient(GradientMethod method) => sampler.Gradient(start, null, x => x.square().sum([1, 2, 3]), method);
        SampleGradient reversible = Gradient(GradientMethod.Reversible());
        Assert.Equal(0, reversible.ReconstructionDrift);
        Near.Equal(Gradient(GradientMethod.Discrete()).StartNoise, reversible.StartNoise, 0);

        // Float32: what one word loses of the states tips an input now and then.
        Near.Equal(Gradient(GradientMethod.Unrolled()).StartNoise, reversible.StartNoise, 1e-4);
    }
}
