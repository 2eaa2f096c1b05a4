using Costate.Faces.Drawing;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Guidance;

/// <summary>Runs guidance methods. What they are told of pictures is taken of those that a model of latents decodes.</summary>
internal sealed class GuideRunner(Model model)
{
    private readonly Func<Tensor, Tensor> pictures = model.ToPictures ?? (x => x);

    /// <summary>Guides samples to a target.</summary>
    /// <param name="plan">The method.</param>
    /// <param name="target">What to, for each item.</param>
    /// <param name="condition">z, [batch, ...], or null.</param>
    /// <param name="seeds">Of all noise, one for each item.</param>
    /// <param name="progress">Told what part is done.</param>
    /// <param name="frames">Shown what the loss is asked about, if not null.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="ArgumentException">The settings do not go together.</exception>
    internal GuideOutcome Run(
        GuidePlan plan,
        GuideTarget target,
        Condition? condition,
        IReadOnlyList<ulong> seeds,
        Action<double> progress,
        GuideFrames? frames,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor start = Start(target, seeds);
        Func<Tensor, Tensor> seen = plan.Method.Kind switch
        {
            _ when plan.Method.DescendsEnergy => target.Energy,
            GuideKind.Sampled => target.Norm,
            GuideKind.RedDiff => x => target.Loss(x).div(2),
            _ => target.Loss,
        };
        seen = frames?.Watch(seen) ?? seen;
        Func<Tensor, Tensor> loss = model.ToPictures is null ? seen : x => seen(pictures(x));
        var listener = new Listener<StepProgress>(step => progress((double)step.Done / step.Total));
        GuideOutcome outcome = plan.Method.Kind switch
        {
            GuideKind.EndToEnd => EndToEnd(plan, start, condition, seen, progress, cancellationToken),
            GuideKind.Control => Control(plan, start, condition, loss, progress, cancellationToken),
            GuideKind.Sampled => Of(
                Guided(plan, plan.Options()).Sample(start, condition, loss, NoiseSeeds.OfItems(seeds), listener, cancellationToken)),
            GuideKind.GreedyDim => Of(
                new GreedyDim(
                    model.Denoiser,
                    model.Schedule,
                    model.Grid(plan.Steps),
                    new GreedyDimOptions { InnerSteps = plan.Iterations, LearningRate = plan.Strength }
                ).Sample(start, condition, loss, listener, cancellationToken)),
            _ => Of(
                new RedDiff(
                    model.Denoiser,
                    model.Schedule,
                    model.Grid(plan.Steps),
                    new RedDiffOptions { LearningRate = plan.Strength }
                ).Sample(target.Filled, condition, loss, NoiseSeeds.OfItems(seeds), listener, cancellationToken)),
        };
        outcome.Samples.MoveToOuterDisposeScope();
        return outcome;
    }

    /// <summary>The samples that the method's sampler draws from the same noise without guidance.</summary>
    internal GuideOutcome Unguided(
        GuidePlan plan,
        GuideTarget target,
        Condition? condition,
        IReadOnlyList<ulong> seeds,
        Action<double> progress,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor start = Start(target, seeds);
        var listener = new Listener<StepProgress>(step => progress((double)step.Done / step.Total));
        GuideOutcome outcome = Of(
            Guided(plan, plan.WithoutGuidance())
                .Sample(start, condition, x => target.Loss(pictures(x)), NoiseSeeds.OfItems(seeds), listener, cancellationToken));
        outcome.Samples.MoveToOuterDisposeScope();
        return outcome;
    }

    private Tensor Start(GuideTarget target, IReadOnlyList<ulong> seeds) => model.DrawStart(
        [seeds.Count, .. target.Filled.shape.Skip(1)], NoiseSeeds.OfItems(seeds), device: target.Filled.device);

    private GuidedSampler Guided(GuidePlan plan, GuidanceOptions options) =>
        new GuidedSampler(model.Denoiser, model.Schedule, model.Grid(plan.Steps), options);

    private GuideOutcome EndToEnd(
        GuidePlan plan,
        Tensor start,
        Condition? condition,
        Func<Tensor, Tensor> loss,
        Action<double> progress,
        CancellationToken cancellationToken)
    {
        long evaluations = 0;
        LatentOptimisation optimisation = new LatentOptimisation(
            new Sampler(model.Denoiser, model.Schedule, Solver.DpmSolverPlusPlus(2), model.Grid(plan.Steps)),
            Shown,
            new LatentOptimisationOptions
            {
                Targets = plan.Targets,
                Optimiser = LatentOptimiser.Adam(),
                KeepStartNorm = true,
                Iterations = plan.Iterations,
                StartNoiseRate = plan.Strength,
                ConditionRate = plan.Strength,
            });
        var listener = new Listener<OptimisationProgress>(step =>
        {
            evaluations++;
            progress((step.Iteration + 1.0) / (step.Iterations + 1));
        });
        OptimisedLatent best = optimisation.Run(start, condition, progress: listener, cancellationToken: cancellationToken);
        return Of(best.Sample, best.Losses, best.Diverged, "iteration", best.Cost, evaluations);

        // Many iterations would find pixels beyond white and black, and the picture has none.
        Tensor Shown(Tensor x)
        {
            using Scalar black = -1.0;
            using Scalar white = 1.0;
            return loss(pictures(x).clamp(black, white));
        }
    }

    private GuideOutcome Control(
        GuidePlan plan,
        Tensor start,
        Condition? condition,
        Func<Tensor, Tensor> loss,
        Action<double> progress,
        CancellationToken cancellationToken)
    {
        // The rate is over the whole run, since every step adds its control to the sample. Of few steps none is straight enough to be
        // merged.
        ControlOptions options = plan.Method.Controls! with
        {
            LearningRate = plan.Strength / plan.Steps,
            Iterations = plan.Iterations,
            StraightnessThreshold = 0,
        };
        ControlOptimisation control = new ControlOptimisation(
            new Sampler(model.Denoiser, model.Schedule, Solver.Ddim(), model.Grid(plan.Steps)),
            options,
            Checkpointing.States);
        double total = plan.Evaluations(model);
        double done = 0;
        ControlledSample best = control.Optimise(
            start,
            condition,
            loss,
            progress: new Listener<StepProgress>(_ => progress(Math.Min(1, ++done / total))),
            cancellationToken: cancellationToken);
        return Of(best.Sample, best.History, best.Diverged, "iteration", best.Cost, plan.Iterations + 1);
    }

    private GuideOutcome Of(GuidedSample sample) =>
        Of(sample.Sample, sample.StepLosses, sample.Diverged, "step", sample.Cost, sample.LossEvaluations);

    private GuideOutcome Of(
        Tensor samples,
        Tensor losses,
        IReadOnlyList<DivergedItem> diverged,
        string part,
        GradientCost cost,
        long lossEvaluations)
    {
        var where = diverged.ToDictionary(d => d.Item, d => FormattableString.Invariant($"{part} {d.Step} (time {d.Time:G4})"));

        // A loss may be finite of what is not.
        foreach ((int item, bool isFinite) in samples.isfinite().flatten(1).all(1).cpu().data<bool>().ToArray().Index())
        {
            if (!isFinite)
            {
                where.TryAdd(item, "the end");
            }
        }

        Tensor shown = EvaluationFaces.Rounded(pictures(samples.nan_to_num(-1)).nan_to_num(-1));
        return new GuideOutcome(shown, ByItem(losses), where, cost, lossEvaluations);
    }

    // From [evaluations, batch].
    private static double[][] ByItem(Tensor losses)
    {
        using DisposeScope scope = NewDisposeScope();
        return [.. losses.t().contiguous().to(ScalarType.Float64).cpu().unbind(0).Select(row => row.contiguous().data<double>().ToArray())];
    }
}
