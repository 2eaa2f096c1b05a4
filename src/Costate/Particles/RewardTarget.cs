using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Feynman-Kac steering's target.</summary>
internal sealed class RewardTarget(Func<Tensor, Tensor> reward, double strength, RewardPotential potential, int every) : ParticleTarget
{
    public override string ToString() => FormattableString.Invariant($"reward of strength {strength}, {potential}");

    internal override ParticleWeighing Begin(ParticleBatch batch) =>
        new Weighing(batch, reward, new LineagePotential(strength, potential, (batch.Steps.Count + every - 1) / every), every);

    private sealed class Weighing(
        ParticleBatch batch, Func<Tensor, Tensor> reward, LineagePotential potential, int every) : ParticleWeighing
    {
        private Tensor? data;
        private double least = double.PositiveInfinity;
        private double most = double.NegativeInfinity;

        internal override Tensor Start(Tensor x)
        {
            Keep(ref data, batch.Predict(0, x));
            potential.Begin(checked((int)x.shape[0]));
            return zeros(x.shape[0], ScalarType.Float64, x.device);
        }

        internal override void Select(Tensor rows)
        {
            Keep(ref data, data!.index_select(0, rows));
            potential.Select(rows.cpu().data<long>().ToArray());
        }

        internal override (Tensor Next, Tensor Increments) Advance(int step, Tensor x, Tensor noise)
        {
            GuidedStep weights = batch.Steps[step];
            Tensor next = WeightedSum.Of((x, weights.State), (data!, weights.Data), (noise, weights.Noise))!;
            bool last = step + 1 == batch.Steps.Count;
            if (!last)
            {
                Keep(ref data, batch.Predict(step + 1, next));
            }

            if (!last && (step + 1) % every != 0)
            {
                return (next, zeros(x.shape[0], ScalarType.Float64, x.device));
            }

            double[] rewards = Rewards(last ? next : data!, step);
            (least, most) = (Math.Min(least, rewards.Min()), Math.Max(most, rewards.Max()));
            return (next, tensor(potential.Next(rewards), ScalarType.Float64, x.device));
        }

        internal override void Finish()
        {
            if (least == most)
            {
                throw new InputException(
                    "reward",
                    FormattableString.Invariant($"{least} for all particles at all steps"),
                    "one that tells them apart",
                    "Steering by a constant does nothing.");
            }
        }

        public override void Dispose() => data?.Dispose();

        private double[] Rewards(Tensor of, int step)
        {
            using IDisposable noGraph = no_grad();
            Tensor values = reward(of.alias()).detach().to(ScalarType.Float64);
            if (values.dim() != 1 || values.shape[0] != of.shape[0])
            {
                throw new InputException(
                    "reward", $"shape {Shapes.Text(values)} of {of.shape[0]} particles", $"one number for each, [{of.shape[0]}]");
            }

            double[] rewards = MemoryMarshal.Cast<byte, double>(values.cpu().contiguous().bytes).ToArray();
            int odd = Array.FindIndex(rewards, value => !double.IsFinite(value));
            return odd < 0 ? rewards : throw new InputException(
                "reward",
                FormattableString.Invariant($"{rewards[odd]} at step {step} (time {batch.Steps[step].At.NextTime:G6}) for particle ")
                    + $"{odd % batch.Particles} of problem {odd / batch.Particles}",
                "finite",
                "Give what must not be a large negative reward.");
        }
    }
}
