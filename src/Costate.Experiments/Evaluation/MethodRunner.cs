using Costate.Faces;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Evaluation;

/// <summary>Runs methods on pairs.</summary>
internal sealed class MethodRunner(FaceModel model, EvaluationSettings settings)
{
    // The last noise of the grid is too little to see.
    private const double End = 1e-3;

    /// <summary>Makes sure that a method can run: that its solver and its gradient go together.</summary>
    /// <exception cref="InputException">They do not.</exception>
    internal void Check(EvaluatedMethod method)
    {
        if (method.Kind != MethodKind.Optimised)
        {
            return;
        }

        try
        {
            MorphingOf(method);
            Options(method);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new InputException("methods", method.Name, "a method whose solver and gradient go together", Reason.Of(e), e);
        }
    }

    /// <summary>
    /// Encodes pictures by the probability-flow ODE, for all methods that begin with it; the progress is told what part is done.
    /// </summary>
    internal MorphingEnds Encode(Tensor a, Tensor b, Action<double> progress, CancellationToken cancellationToken) =>
        new Morphing(SamplerOf(Solver.Ddim(), settings.EncodingSteps), model.Attack.Embed).Encode(
            a,
            b,
            model.Model.Encode!,
            progress: new Listener<StepProgress>(s => progress((double)s.Done / s.Total)),
            cancellationToken: cancellationToken);

    /// <summary>Morphs pairs; the progress is told what part is done.</summary>
    internal MethodOutcome Run(EvaluatedMethod method, PairBatch batch, Action<double> progress, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        MethodOutcome outcome = method.Kind switch
        {
            MethodKind.Source => Unchanged(batch),
            MethodKind.Greedy => Greedy(method, batch, progress, cancellationToken),
            _ => Morph(method, batch, progress, cancellationToken),
        };
        return outcome with { Morphs = EvaluationFaces.Rounded(outcome.Morphs).MoveToOuterDisposeScope() };
    }

    private MethodOutcome Unchanged(PairBatch batch)
    {
        double[] losses = Values(Loss(batch)(batch.A));
        return new MethodOutcome(batch.A.clone(), [.. losses.Select(l => (double[])[l])], losses, 0, new GradientCost(0, 0, 0, 0));
    }

    private MethodOutcome Greedy(EvaluatedMethod method, PairBatch batch, Action<double> progress, CancellationToken cancellationToken)
    {
        MorphingEnds ends = batch.Ends!;
        (Tensor start, Tensor? code, _) = MorphingOf(method).Blend(ends);
        var greedy = new GreedyDim(
            model.Model.Denoiser,
            model.Model.Schedule,
            GridOf(settings.Steps),
            new GreedyDimOptions { InnerSteps = settings.InnerSteps });
        GuidedSample sample = greedy.Sample(
            start,
            code,
            Loss(batch),
            new Listener<StepProgress>(s => progress((double)s.Done / s.Total)),
            cancellationToken);
        double[] losses = Values(sample.Loss);
        double[][] steps = [.. sample.StepLosses.t().contiguous().unbind(0).Select(Values)];
        return new MethodOutcome(
            sample.Sample,
            [.. steps.Select((s, i) => (double[])[.. s, losses[i]])],
            losses,
            ends.NetworkEvaluations,
            sample.Cost);
    }

    private MethodOutcome Morph(EvaluatedMethod method, PairBatch batch, Action<double> progress, CancellationToken cancellationToken)
    {
        Morphing morphing = MorphingOf(method);
        var listener = new Listener<OptimisationProgress>(s => progress((s.Iteration + 1.0) / (s.Iterations + 1)));
        MorphingEnds ends = method.SharesEncoding
            ? batch.Ends!
            : morphing.Encode(
                batch.A,
                batch.B,
                model.Model.Encode!,
                NoiseSeeds.OfItems(batch.Pairs.Select(p => (ulong)p.Index)),
                cancellationToken: cancellationToken);
        OptimisedLatent best = method.Kind == MethodKind.BestBlend
            ? morphing.BestBlend(ends, settings.Blends, listener, cancellationToken)
            : morphing.Run(ends, Options(method), 0.5, listener, cancellationToken);
        double[][] losses = [.. best.Losses.t().contiguous().unbind(0).Select(Values)];
        return new MethodOutcome(best.Sample, losses, best.BestLoss, ends.NetworkEvaluations, best.Cost);
    }

    private LatentOptimisationOptions Options(EvaluatedMethod method) => method.Kind != MethodKind.Optimised
        ? new LatentOptimisationOptions { Iterations = 0 }
        : new LatentOptimisationOptions
        {
            Method = method.GradientMethod(),
            Iterations = settings.Iterations,
            StartNoiseRate = method.LearningRate ?? settings.LearningRate,
            ConditionRate = method.LearningRate ?? settings.LearningRate,
        };

    private Morphing MorphingOf(EvaluatedMethod method)
    {
        Sampler sampler = SamplerOf(method.Solver(), method.StepsOf(settings));
        return new Morphing(sampler, model.Attack.Embed, method.IsStochastic ? null : SamplerOf(Solver.Ddim(), settings.EncodingSteps));
    }

    private Func<Tensor, Tensor> Loss(PairBatch batch)
    {
        (Tensor a, Tensor b) = (model.Attack.Embed(batch.A), model.Attack.Embed(batch.B));
        return x => Morphing.Loss(model.Attack.Embed(x), a, b);
    }

    private Sampler SamplerOf(Solver solver, int steps) => new(model.Model.Denoiser, model.Model.Schedule, solver, GridOf(steps));

    private TimeGrid GridOf(int steps) => TimeGrid.UniformLogSnr(model.Model.Schedule, steps, 1, End);

    private static double[] Values(Tensor values) => [.. values.to(ScalarType.Float64).cpu().contiguous().data<double>()];
}
