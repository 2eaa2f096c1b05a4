using static TorchSharp.torch;

namespace Costate;

/// <summary>The steps that a way of guidance proposes for particles, on the same noise as the chain's.</summary>
internal sealed class PresetProposal
{
    private readonly ParticleBatch batch;
    private readonly Measurement ofRows;
    private readonly GuidanceOptions options;
    private readonly GuidedStep[] steps;

    internal PresetProposal(ParticleBatch batch, Measurement ofRows, GuidanceOptions options)
    {
        (this.batch, this.ofRows, this.options) = (batch, ofRows, options);
        steps = GuidedStep.All(batch.Run.Denoiser, batch.Run.Schedule, batch.Run.Grid, options);
    }

    /// <summary>The next states, noise included, in the caller's dispose scope.</summary>
    internal Tensor Next(int step, Tensor x)
    {
        SamplingRun run = batch.Run;
        Sampler ahead = options.Lookahead.At(run.Denoiser, run.Schedule, run.Grid, step);
        List<Tensor> parts = [];
        int first = 0;
        foreach (PosteriorStep part in batch.Parts(step, x, ofRows))
        {
            int count = checked((int)part.X.shape[0]);
            var watch = new DivergenceWatch(count, run.CallerType, options.DivergenceBound);
            var objective = new GuidanceObjective(part.Measurement.Norm, count, run.CallerType, watch);
            objective.Enter(step, steps[step].At.Time);
            var noise = new GuidanceNoise(batch.Seeds.ForItems([.. Enumerable.Range(first, count)]), steps.Length);
            parts.Add(new GuidedStepper(part.Run, options, noise, objective, watch).Take(steps[step], ahead, part.X).Next);
            first += count;
        }

        return parts.Count == 1 ? parts[0] : cat(parts, 0);
    }
}
