using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>What networks and losses do to the tensors that they are given: it stays theirs.</summary>
public sealed class UserCodeTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    public static TheoryData<string> Names => [.. Solvers.Every, "rex"];

    [Theory]
    [MemberData(nameof(Names))]
    public void NetworkInPlace_ChangesNothingElse(string name)
    {
        using var scope = NewDisposeScope();
        Sampler tidy = NewSampler(Denoiser.FromFunction((x, t, z) => ((x * 0.5) + z!).tanh(), Prediction.Noise), name);
        Sampler inPlace = NewSampler(
            Denoiser.FromFunction(
                (x, t, z) =>
                {
                    t.mul_(3);
                    return x.mul_(0.5).add_(z!.mul_(2).mul_(0.5)).tanh_();
                },
                Prediction.Noise),
            name);
        AssertSame(tidy, inPlace);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void NetworkWithABufferOfItsOwn_IsRight(string name)
    {
        using var scope = NewDisposeScope();
        Tensor buffer = zeros([2, 3], ScalarType.Float64);
        Sampler tidy = NewSampler(Denoiser.FromFunction((x, t, z) => ((x * 0.5) + z!).tanh(), Prediction.Noise), name);
        Sampler buffered = NewSampler(
            Denoiser.FromFunction(
                (x, t, z) =>
                {
                    Tensor output = ((x * 0.5) + z!).tanh();
                    return is_grad_enabled() ? output : buffer.copy_(output);
                },
                Prediction.Noise),
            name);
        AssertSame(tidy, buffered);
    }

    [Theory]
    [InlineData("ddim")]
    [InlineData("rex")]
    public void GuidedBranches_MayChangeTheirInputs(string name)
    {
        using var scope = NewDisposeScope();
        Denoiser tidy = Denoiser.FromFunction((x, t, z) => ((x * 0.5) + (z! * t.unsqueeze(1))).tanh(), Prediction.Noise);
        Denoiser inPlace = Denoiser.FromFunction((x, t, z) => x.mul_(0.5).add_(z!.mul_(t.unsqueeze_(1))).tanh_(), Prediction.Noise);
        Tensor none = StartNoise.Draw([1, 3], 4, ScalarType.Float64), before = none.clone();
        AssertSame(
            NewSampler(tidy.WithClassifierFreeGuidance(none, 3), name),
            NewSampler(inPlace.WithClassifierFreeGuidance(none, 3), name));
        Assert.Equal(before, none);
    }

    [Fact]
    public void LossInPlace_DoesNotChangeTheSample()
    {
        using var scope = NewDisposeScope();
        Sampler sampler = NewSampler(Denoiser.FromFunction((x, _, _) => x * 0.5, Prediction.Noise), "ddim");
        Tensor sample = sampler.Sample(SmallNet.Start() * 3);
        SampleGradient gradient = sampler.Gradient(
            SmallNet.Start() * 3,
            null,
            x =>
            {
                using (no_grad())
                {
                    x.clamp_(-0.1, 0.1);
                }

                return x.mul_(2).square().sum(1);
            });
        Near.Equal(sample, gradient.Sample, 1e-15);
        Assert.True(sample.abs().max().item<double>() > 0.2);
    }

    private static void AssertSame(Sampler expected, Sampler actual)
    {
        BrownianPath noise = BrownianPath.PerStep(3);
        Tensor start = SmallNet.Start(), z = StartNoise.Draw([2, 3], 9, ScalarType.Float64);
        Tensor startBefore = start.clone(), zBefore = z.clone();
        Assert.Equal(expected.Sample(start, z, noise), actual.Sample(start, z, noise));
        foreach (
            GradientMethod method in new[]
            {
                GradientMethod.Discrete(),
                GradientMethod.Discrete(Checkpointing.Revolve(2)),
                GradientMethod.Unrolled(),
            })
        {
            SampleGradient e = expected.Gradient(start, z, SmallNet.Loss, method, noise),
                a = actual.Gradient(start, z, SmallNet.Loss, method, noise);
            Assert.Equal(e.Sample, a.Sample);
            Near.Equal(e.StartNoise, a.StartNoise, 1e-13);
            Near.Equal(e.Condition!, a.Condition!, 1e-13);
        }

        Assert.Equal(startBefore, start);
        Assert.Equal(zBefore, z);
    }

    private static Sampler NewSampler(Denoiser denoiser, string name) => new(
            denoiser,
            Schedule,
            name == "rex" ? Solver.Rex(ButcherTableau.Midpoint) : Solvers.Named(name),
            TimeGrid.UniformLogSnr(Schedule, 5, 1, 0.05));
}
