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
            Tensor chain = x.Times(weights.State).AddTimes(data!, weights.Data), drawn = noise.Times(weights.Noise);
            Tensor moved = proposal is null
                ? score!.Times(weights.Data * weights.At.Sigma * weights.At.Sigma / weights.At.Alpha)
                : proposal.Next(step, x) - chain - drawn;
            Tensor next = chain + moved + drawn;

            // log N(next; chain) - log N(next; proposal), whose difference is the move.
            Tensor ratio = (drawn.square() - (drawn + moved).square()).to(ScalarType.Float64).reshape(x.shape[0], -1).sum([1L])
                .Times(0.5 / (weights.Noise * weights.Noise));
            Tensor before = twist!.clone();
            if (step + 1 < batch.Steps.Count)
            {
                Hold(batch.Estimate(step + 1, next, ofRows, covariance));
                return (next, ratio + twist - before);
            }

            return (next, ratio + Likelihood(next) - before);
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
