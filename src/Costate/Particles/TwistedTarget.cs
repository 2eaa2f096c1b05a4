using static TorchSharp.torch;

namespace Costate;

/// <summary>The twisted diffusion sampler's target.</summary>
internal sealed class TwistedTarget(
    Measurement measurement, DataCovariance covariance, GuidanceOptions? proposal) : ParticleTarget
{
    public override string ToString() => $"posterior of {measurement}, covariance {covariance}";

    internal override ParticleWeighing Begin(ParticleBatch batch)
    {
        Measurement ofRows = batch.ForRows(measurement);
        return new Weighing(batch, ofRows, covariance, proposal is null ? null : new PresetProposal(batch, ofRows, proposal));
    }

    private sealed class Weighing(
        ParticleBatch batch, Measurement ofRows, DataCovariance covariance, PresetProposal? proposal) : ParticleWeighing
    {
        // What the present states say of the data, the score, and the logarithm of the twist.
        private Tensor? data;
        private Tensor? score;
        private Tensor? twist;

        internal override Tensor Start(Tensor x)
        {
            Hold(batch.Estimate(0, x, ofRows, covariance));
            return twist!.alias();
        }

        internal override void Select(Tensor rows) =>
            Hold(new DataEstimate(data!.index_select(0, rows), score!.index_select(0, rows), twist!.index_select(0, rows)));

        internal override (Tensor Next, Tensor Increments) Advance(int step, Tensor x, Tensor noise)
        {
            GuidedStep weights = batch.Steps[step];

            // The proposal's mean is the chain's, moved by the score through the predicted data, or by a preset.
            (Tensor, double)[] chain = [(x, weights.State), (data!, weights.Data)];
            (Tensor moved, double by) = proposal is null
                ? (score!, weights.Data * weights.At.Sigma * weights.At.Sigma / weights.At.Alpha)
                : (proposal.Next(step, x) - WeightedSum.Of([.. chain, (noise, weights.Noise)])!, 1);
            Tensor next = WeightedSum.Of([.. chain, (moved, by), (noise, weights.Noise)])!;

            // log N(next; chain) - log N(next; proposal), whose difference is the move: of a move d the product of d with n + d/2.
            double relative = by / weights.Noise;
            Tensor increments = ItemwiseProduct.Of(moved, WeightedSum.Of((noise, 1), (moved, relative / 2))!).Times(-relative).sub_(twist!);
            if (step + 1 == batch.Steps.Count)
            {
                return (next, increments.add_(Likelihood(next)));
            }

            Hold(batch.Estimate(step + 1, next, ofRows, covariance));
            return (next, increments.add_(twist!));
        }

        public override void Dispose()
        {
            data?.Dispose();
            score?.Dispose();
            twist?.Dispose();
        }

        // Of the samples the likelihood is no estimate.
        private Tensor Likelihood(Tensor x)
        {
            double variance = ofRows.NoiseLevel * ofRows.NoiseLevel;
            Tensor residual = ofRows.Difference(x).to(x.dtype);
            Tensor observed = ofRows.Operator.CountObserved(residual);
            return DataCovariance.LogNormal(
                ofRows.Operator, residual, residual.Times(1 / variance), observed.Times(Math.Log(variance)));
        }

        private void Hold(DataEstimate estimate)
        {
            Keep(ref data, estimate.Data);
            Keep(ref score, estimate.Score);
            Keep(ref twist, estimate.LogLikelihood!);
        }
    }
}
