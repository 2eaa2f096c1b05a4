using static Costate.Tests.GuidedByHand;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>When classifier-free guidance evaluates which branch, and what it refuses.</summary>
public sealed class GuidanceBranchTests
{
    [Fact]
    public void BothBranches_AreOneCall_WhereTheirShapesAllow()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        List<long> batches = [];
        Denoiser plain = Denoiser.FromFunction(
            (x, t, z) =>
            {
                batches.Add(x.shape[0]);
                return net.call(x, t, z!.narrow(1, 0, 2));
            },
            Prediction.Noise);
        Tensor One(Condition? none, bool doubles) =>
            NewSampler(plain.WithClassifierFreeGuidance(none, Scale, doublesBatch: doubles), Solver.Ddim(), TimeGrid.Uniform(1))
                .Sample(SmallNet.Start(), SmallNet.Condition());
        Tensor together = One(None(1), doubles: true);
        Assert.Equal([4L], batches);
        Tensor apart = One(None(1), doubles: false);
        Assert.Equal([4L, 2, 2], batches);
        Near.Equal(apart, together, 1e-14);
        Tensor longer = One(cat([None(1), None(1)], 1), doubles: true);
        Assert.Equal([4L, 2, 2, 2, 2], batches);
        Near.Equal(apart, longer, 1e-14);
    }

    [Theory]
    [InlineData(0.3, 0.8)]
    [InlineData(0, 1)]
    [InlineData(0.5, 0.5)]
    public void OutsideTheInterval_ThereIsNoGuidance(double from, double to)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        bool[] inside = [.. Grid.Times.Take(Steps).Select(t => t >= from && t <= to)];
        SampleGradient actual = Guided(net, None(2), Solver.Ddim(), interval: (from, to))
            .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, also: GradientParts.GuidanceScale);

        // By hand: a scale of 1 outside.
        Tensor scales = tensor(inside.Select(i => i ? Scale : 1).ToArray()).reshape(Steps, 1, 1).expand(Steps, 2, 1).contiguous();
        Condition z = Condition.Scheduled([.. Enumerable.Range(0, Steps).Select(i => Bundle(SmallNet.Condition(), None(2)).With("scale", scales[i]))]);
        SampleGradient expected = ByHand(net, Solver.Ddim()).Gradient(SmallNet.Start(), z, SmallNet.Loss);
        Near.Equal(expected.Sample, actual.Sample, 1e-13);
        Near.Equal(expected.StartNoise, actual.StartNoise, 1e-12);
        Near.Equal(expected.Conditions["c"].sum([0L]), actual.Condition!, 1e-12);
        Near.Equal(expected.Conditions["u"].sum([0L]), actual.Unconditional["z"], 1e-12);
        Tensor weights = tensor(inside.Select(i => i ? 1.0 : 0).ToArray()).reshape(Steps, 1);
        Near.Equal((expected.Conditions["scale"].squeeze(2) * weights).sum([0L]), actual.GuidanceScale!, 1e-12);
        Assert.Equal(Steps + inside.Count(i => i), actual.Cost.NetworkEvaluations);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0)]
    public void ABranchWithoutWeight_IsNotEvaluated(double scale)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler plain = NewSampler(Denoiser.FromModule(net, Prediction.Noise), Solver.Ddim(), Grid);
        SampleGradient expected = plain.Gradient(SmallNet.Start(), scale == 1 ? SmallNet.Condition() : None(2), SmallNet.Loss);
        SampleGradient actual = Guided(net, None(2), Solver.Ddim(), scale)
            .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        Assert.Equal(expected.Sample, actual.Sample);
        Assert.Equal(expected.Cost, actual.Cost);
        Tensor zero = zeros(2, 2, dtype: ScalarType.Float64);
        Near.Equal(scale == 1 ? expected.Condition! : zero, actual.Condition!, 1e-14);
        Near.Equal(scale == 1 ? zero : expected.Condition!, actual.Unconditional["z"], 1e-14);

        // Its gradient needs both.
        SampleGradient asked = Guided(net, None(2), Solver.Ddim(), scale)
            .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, also: GradientParts.GuidanceScale);
        Assert.Equal(2 * expected.Cost.NetworkEvaluations, asked.Cost.NetworkEvaluations);
        Assert.True(asked.GuidanceScale!.abs().min().item<double>() > 0);
    }

    [Fact]
    public void WhatTheOtherBranchLacks_IsTheConditions()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Denoiser plain = Denoiser.FromFunction(
            (Tensor x, Tensor t, Condition? z) => net.call(x, t, cat([z!["text"], z["sizes"]], 1)), Prediction.Noise);
        (Tensor text, Tensor sizes) = (SmallNet.Condition().narrow(1, 0, 1), SmallNet.Condition().narrow(1, 1, 1));
        Tensor none = None(2).narrow(1, 0, 1);
        var z = Condition.Of(("text", text), ("sizes", sizes));
        SampleGradient expected = Guided(net, cat([none, sizes], 1)).Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        SampleGradient actual = NewSampler(plain.WithClassifierFreeGuidance(Condition.Of(("text", none)), Scale), Solver.DpmSolverPlusPlus(2), Grid)
            .Gradient(SmallNet.Start(), z, SmallNet.Loss);
        Near.Equal(expected.Condition!.narrow(1, 0, 1), actual.Conditions["text"], 1e-12);
        Near.Equal(expected.Condition!.narrow(1, 1, 1) + expected.Unconditional["z"].narrow(1, 1, 1), actual.Conditions["sizes"], 1e-12);
        Near.Equal(expected.Unconditional["z"].narrow(1, 0, 1), actual.Unconditional["text"], 1e-12);
        Assert.Equal(["text"], actual.Unconditional.Keys);
        Assert.Contains(
            "'words'",
            Assert.Throws<InputException>(() =>
                NewSampler(plain.WithClassifierFreeGuidance(Condition.Of(("words", none)), Scale), Solver.Ddim(), Grid)
                    .Sample(SmallNet.Start(), z)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsWrong_IsNamed()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Denoiser plain = Denoiser.FromModule(net, Prediction.Noise);
        Assert.Throws<InvalidOperationException>(() =>
            plain.WithClassifierFreeGuidance(None(1), 2).WithClassifierFreeGuidance(None(1), 2));
        Assert.Throws<InputException>(() => plain.WithClassifierFreeGuidance(None(1), 2, (0.8, 0.2)));
        Assert.Throws<InputException>(() => plain.WithClassifierFreeGuidance(None(1), 2, (double.NaN, 1)));
        Assert.Contains(
            "the unconditional branch",
            Assert.Throws<ArgumentException>(() =>
                NewSampler(plain.WithClassifierFreeGuidance(None(1) / 0.0, 2), Solver.Ddim(), Grid)
                    .Sample(SmallNet.Start(), SmallNet.Condition())).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "without guidance",
            Assert.Throws<InputException>(() => NewSampler(plain, Solver.Ddim(), Grid)
                .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss, also: GradientParts.GuidanceScale)).Message,
            StringComparison.Ordinal);
        int calls = 0;
        Denoiser lost = Denoiser.FromFunction(
            (x, t, z) => net.call(x, t, calls++ % 2 == 0 ? z!.detach() : z!), Prediction.Noise);
        Assert.Contains(
            "the unconditional branch",
            Assert.Throws<InvalidOperationException>(() =>
                NewSampler(lost.WithClassifierFreeGuidance(None(1), 2, doublesBatch: false), Solver.Ddim(), Grid)
                    .Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss)).Message,
            StringComparison.Ordinal);
    }
}
