using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class AdmGuidanceTests
{
    private const int Side = 8;

    // Two orders of the same sums in 64 bits, some steps long.
    private const double Tolerance = 1e-9;

    [Fact]
    public void Steps_AreThePublishedOnes()
    {
        using var scope = NewDisposeScope();
        using AdmUNetModel network = Tiny();
        Assert.Equal(Enumerable.Range(0, 1000).Reverse(), Told(AdmGuidance.Dps(network)));
        Assert.Equal(Enumerable.Range(0, 100).Select(i => 990 - (10 * i)), Told(AdmGuidance.FreeDom(network)));
        GuidanceOptions dps = AdmGuidance.Dps(network).Options, freeDom = AdmGuidance.FreeDom(network).Options;
        Assert.Equal((1.0, 0.5), (dps.Eta, freeDom.Eta));
        Assert.Equal("steps", Assert.Throws<InputException>(() => AdmGuidance.Dps(network, steps: 1001)).ParamName);

        // A network counts its 1000 steps from 0.
        static IEnumerable<int> Told(GuidedSampler sampler) =>
            sampler.Grid.NetworkTimes.Take(sampler.Grid.Steps).Select(t => (int)Math.Round((1000 * t) - 1));
    }

    // guided-diffusion's p_sample with respaced betas and clip_denoised, and DPS's step after it, as their code has them.
    [Fact]
    public void Dps_IsThePublishedUpdate()
    {
        using var scope = NewDisposeScope();
        using AdmUNetModel network = Tiny();
        network.to(ScalarType.Float64);
        const int Steps = 4;
        Tensor start = StartNoise.Draw([2, 3, Side, Side], 1, ScalarType.Float64);
        Measurement seen = Measurement.Observe(
            LinearOperator.AveragePooling(2), StartNoise.Draw([2, 3, Side, Side], 2, ScalarType.Float64).tanh());
        var noise = new GuidanceNoise(5, Steps);
        double[] bars = Bars();
        Tensor x = start;
        for (int i = 0; i < Steps; i++)
        {
            int t = 750 - (250 * i);
            double bar = bars[t], before = i == Steps - 1 ? 1 : bars[t - 250], beta = 1 - (bar / before);
            Tensor leaf = x.detach().requires_grad_(true);
            Tensor noisePart = network.forward(leaf, full([2], (double)t, ScalarType.Float64)).narrow(1, 0, 3);
            Tensor data = ((leaf - (Math.Sqrt(1 - bar) * noisePart)) / Math.Sqrt(bar)).clamp(-1, 1);
            Tensor mean = (beta * Math.Sqrt(before) / (1 - bar) * data) + ((1 - before) * Math.Sqrt(1 - beta) / (1 - bar) * leaf);
            Tensor drawn = mean + (Math.Sqrt(beta * (1 - before) / (1 - bar)) * noise.OfStep(i, 0, x));
            seen.Norm(data).sum().backward();
            x = (drawn - (0.3 * leaf.grad!)).detach();

            // The clipping is part of what is compared.
            Assert.True(i > 0 || data.abs().eq(1).any().ToBoolean());
        }

        GuidedSample guided = AdmGuidance.Dps(network, steps: Steps).Sample(start, null, seen.Norm, 5);
        Near.Equal(x, guided.Sample, Tolerance);
        Assert.True(Near.Relative(x, AdmGuidance.Dps(network, 0.2, Steps).Sample(start, null, seen.Norm, 5).Sample) > 1e-4);
    }

    // Of the schedule that guided-diffusion calls linear.
    private static double[] Bars()
    {
        double product = 1;
        return [.. Enumerable.Range(0, 1000).Select(i => product *= 1 - (0.0001 + (i * (0.02 - 0.0001) / 999)))];
    }

    private static AdmUNetModel Tiny()
    {
        var network = new AdmUNetModel(new AdmConfig
        {
            ImageSize = Side,
            ModelChannels = 32,
            OutChannels = 6,
            NumResBlocks = 1,
            AttentionResolutions = [2],
            ChannelMult = [1, 1],
        });
        RandomParameters.Fill(network);
        network.eval();
        return network;
    }
}
