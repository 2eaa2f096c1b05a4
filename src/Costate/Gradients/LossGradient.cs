using static TorchSharp.torch;

namespace Costate;

/// <summary>From a run, losses and a method to the gradient.</summary>
internal static class LossGradient
{
    /// <summary>The gradient of losses on the sample of a run and on the way to it. Results live in the caller's dispose scope.</summary>
    internal static SampleGradient Of(
        SamplingRun run,
        Func<Tensor, Tensor> loss,
        GradientMethod method,
        IReadOnlyList<StepLoss>? losses = null,
        GradientParts also = GradientParts.None)
    {
        int noises = run.Table.NoiseIntervals.Count;
        bool wantsStates = also.HasFlag(GradientParts.StateCotangents), wantsNoise = also.HasFlag(GradientParts.NoiseVectors);
        if (wantsNoise && noises == 0)
        {
            throw new InputException(
                "also",
                $"{GradientParts.NoiseVectors} with {run.Solver.Name}",
                "a stochastic solver",
                "This one draws no noise on the way.");
        }

        if (also.HasFlag(GradientParts.GuidanceScale))
        {
            ClassifierFreeGuidance guidance = run.Denoiser.Guidance
                ?? throw new InputException(
                    "also",
                    $"{GradientParts.GuidanceScale} of a denoiser without guidance",
                    "a denoiser under classifier-free guidance",
                    $"Make one with {nameof(Denoiser)}.{nameof(Denoiser.WithClassifierFreeGuidance)}.");
            run = run with { Condition = guidance.WithScale(run.Condition, run.Start) };
        }

        // A state has the cotangent of a control that is added to it.
        run = wantsStates ? run with { Table = run.Table.WithControls([.. Enumerable.Range(0, run.Grid.Steps + 1)]) } : run;
        run = run with { WantedInputs = (wantsNoise ? 0 : noises)..run.Table.InputCount };
        CoefficientGradient? coefficients = CoefficientGradient.IsIn(also) ? new(run, also) : null;
        run = coefficients?.WithTold(method) ?? run;
        using var onTheWay = new StepLosses(run, losses ?? []);
        using GradientTape tape = coefficients?.Record(onTheWay.Observed) ?? method.Record(onTheWay.Observed);
        return Through(tape, run, loss, onTheWay, also, coefficients);
    }

    /// <summary>The gradient through a tape.</summary>
    internal static SampleGradient Through(
        GradientTape tape,
        SamplingRun run,
        Func<Tensor, Tensor> loss,
        StepLosses onTheWay,
        GradientParts also = GradientParts.None,
        CoefficientGradient? coefficients = null)
    {
        Tensor sample = run.ToCaller(tape.Sample);
        (Tensor value, Tensor cotangent) = LossFunction.Evaluate(loss, sample);
        Cotangents cotangents = run.ToCaller(tape.PullBack(onTheWay.Seeds, run.ToState(cotangent)));
        int noises = also.HasFlag(GradientParts.NoiseVectors) ? run.Table.NoiseIntervals.Count : 0;
        (Tensor? times, Tensor? eta) = coefficients?.Of((CoefficientTape)tape) ?? (null, null);
        return new SampleGradient(onTheWay.AddTo(value), sample, cotangents, run)
        {
            ReconstructionDrift = tape.ReconstructionDrift,
            NoiseVectors = also.HasFlag(GradientParts.NoiseVectors) ? cotangents.Stacked(..noises) : null,
            StateCotangents = also.HasFlag(GradientParts.StateCotangents) ? cotangents.Stacked(noises..) : null,
            Times = times,
            Eta = eta,
        };
    }
}
