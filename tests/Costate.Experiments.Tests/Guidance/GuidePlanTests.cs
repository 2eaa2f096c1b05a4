using Costate.Experiments.Guidance;
using Costate.Faces.Drawing;
using Costate.Faces.Guidance;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Guidance;

public sealed class GuidePlanTests
{
    public static TheoryData<string> Methods() =>
        [
            .. GuideMethod.All.Select(m => m.Name),
            "greedy:lookahead=2",
            "greedy:lookahead=4",
            "greedy:lookahead=all",
            "dps:lookahead=2:scheme=midpoint",
            "greedy:lookahead=40",
        ];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Evaluations_AreThoseMade_AndWithinWhatIsAllowed(string name)
    {
        using var scope = NewDisposeScope();
        using Model model = TinyMorphModel.OfFormula(null).Model;
        Tensor pictures = EvaluationFaces.Stack([(1_000_000, 0), (1_000_001, 0)], TinyMorphModel.Side, CPU, default);
        ulong[] seeds = [3, 4];
        GuideTarget target = GuideTarget.Degraded(GuideTask.Inpaint, new Degradation(), pictures, seeds);
        Tensor code = model.Encode!(target.Filled);
        var runner = new GuideRunner(model);
        foreach (long budget in (long[])[12, 30])
        {
            GuidePlan plan = StudiedMethod.Parse(name).PlanFor(GuideTask.Inpaint, budget, model);
            GuideOutcome outcome = runner.Run(plan, target, code, seeds, _ => { }, frames: null, default);
            Assert.InRange(outcome.Cost.NetworkEvaluations, 1, budget);

            // Where a grid ends before time 0, the last lookaheads may have one step more or less than counted.
            Assert.InRange(plan.Evaluations(model), outcome.Cost.NetworkEvaluations, budget);
            Assert.Equal(pictures.shape, outcome.Samples.shape);
            Assert.True(outcome.Samples.isfinite().all().item<bool>());
        }
    }

    [Fact]
    public void Item_DoesNotDependOnItsBatch()
    {
        using var scope = NewDisposeScope();
        using Model model = TinyMorphModel.Load(null).Model;
        var runner = new GuideRunner(model);
        GuidePlan plan = GuidePlan.Of(GuideMethod.Parse("--method", "dps"), GuideTask.Deblur) with { Steps = 6 };
        Tensor together = Run([7, 8]);
        Tensor alone = Run([8]);

        // Pictures of 8 bits, and sums in another order.
        Assert.True((together[1] - alone[0]).abs().max().item<float>() < 0.02);

        Tensor Run(ulong[] seeds)
        {
            Tensor pictures = EvaluationFaces.Stack([.. seeds.Select(s => (s + 1_000_000, 0UL))], TinyMorphModel.Side, CPU, default);
            GuideTarget target = GuideTarget.Degraded(GuideTask.Deblur, new Degradation { Noise = 0.05 }, pictures, seeds);
            return runner.Run(plan, target, model.Encode!(target.Filled), seeds, _ => { }, frames: null, default).Samples;
        }
    }

    [Fact]
    public void EndToEnd_KeepsThePictureOfTheLowestLoss_AsItIsSeen()
    {
        using var scope = NewDisposeScope();
        using Model model = TinyMorphModel.Load(null).Model;
        Tensor pictures = EvaluationFaces.Stack([(1_000_000, 0), (1_000_001, 0)], TinyMorphModel.Side, CPU, default);
        GuideTarget target = GuideTarget.Own(pictures, x => x.sub(3).square().mean([1L, 2L, 3L]));
        GuidePlan plan = GuidePlan.Of(GuideMethod.EndToEnd, GuideTask.OwnLoss) with { Iterations = 12, Strength = 1 };
        GuideOutcome outcome = new GuideRunner(model).Run(plan, target, model.Encode!(pictures), [3, 4], _ => { }, frames: null, default);

        // The lowest loss is beyond white, where no picture is.
        Assert.True(outcome.Samples.eq(1).sum().item<long>() > 10);
        float[] losses = [.. target.Loss(outcome.Samples).data<float>()];
        Assert.All(losses.Index(), loss => Assert.Equal(outcome.Curve[loss.Index].Min(), loss.Item, 0.001 * loss.Item));
    }

    [Fact]
    public void Frames_AreFew_AndSpreadOverAllThatIsAsked()
    {
        using var scope = NewDisposeScope();
        using var frames = new GuideFrames();
        Func<Tensor, Tensor> watched = frames.Watch(x => x.sum([1L]));
        for (int i = 0; i < 1000; i++)
        {
            watched(full([1, 2], (float)i));
        }

        float[] taken = [.. frames.Take(5).Select(f => f[0, 0].item<float>())];
        Assert.Equal(0, taken[0]);
        Assert.True(taken[^1] > 900);
        Assert.Equal(taken.Order(), taken);
        Assert.Equal(5, taken.Length);
    }
}
