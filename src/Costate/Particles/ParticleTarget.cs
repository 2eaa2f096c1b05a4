using static TorchSharp.torch;

namespace Costate;

/// <summary>What the samples of a <see cref="ParticleSampler"/> are to be, beside samples of the model.</summary>
/// <remarks>Immutable; as thread-safe as the reward.</remarks>
public abstract class ParticleTarget
{
    private protected ParticleTarget()
    {
    }

    /// <summary>
    /// The posterior of a measurement, by the twisted diffusion sampler (Wu et al. 2023): steps are guided by a likelihood at the predicted
    /// data, and particles are weighted by what that got wrong.
    /// </summary>
    /// <param name="measurement">y = A x + noise, with noise: [batch, ...] or [1, ...], one for each problem.</param>
    /// <param name="covariance">The likelihood. The default is PiGDM's for data of variance 1: give your data's variance, or
    /// <see cref="DataCovariance.FromJacobian"/>.</param>
    /// <param name="proposal">A way of guidance by <see cref="Measurement.Norm"/> that proposes the steps, such as
    /// <see cref="GuidancePreset.Dps"/>, with an eta of 1 whatever it says; it must not repeat steps. The default is the likelihood's own
    /// score; another costs its evaluations on top, and its strength must fall
    /// with the noise (<see cref="GuidanceStrength.Noise"/>): a step that moves further than its noise has a weight of almost 0.</param>
    /// <exception cref="InputException">The measurement has no noise, or the proposal repeats steps.</exception>
    public static ParticleTarget Posterior(
        Measurement measurement, DataCovariance? covariance = null, GuidanceOptions? proposal = null)
    {
        ArgumentNullException.ThrowIfNull(measurement);
        proposal?.Check();
        if (proposal is { Recurrences.Count: > 1 })
        {
            throw new InputException(
                nameof(proposal),
                $"{proposal.Recurrences.Count} recurrences",
                "1",
                "A repeated step has no density that is known.");
        }

        return measurement.NoiseLevel > 0
            ? new TwistedTarget(measurement, covariance ?? DataCovariance.Isotropic(), proposal is null ? null : proposal with { Eta = 1 })
            : throw new InputException(
                nameof(measurement), "a noise level of 0", "positive", "Without noise almost no particle agrees; give it a small one.");
    }

    /// <summary>
    /// Samples of a high reward, of the law <c>p(x) exp(strength r(x))</c>, by Feynman-Kac steering (Singhal et al. 2025): the model's own
    /// steps, and particles chosen by the reward of the data that they predict. No gradient of anything.
    /// </summary>
    /// <param name="reward">From data [n, ...] to one finite number for each, [n]; called with the predicted data of all particles and at
    /// last with the samples.</param>
    /// <param name="strength">lambda. The default value is 1.</param>
    /// <param name="potential">When particles are chosen. The default value is <see cref="RewardPotential.Difference"/>.</param>
    /// <param name="every">Weigh them at every this many steps, and at the last. The default value is 1; of
    /// <see cref="RewardPotential.Max"/> and <see cref="RewardPotential.Sum"/>, which weigh by the whole reward each time, take a few times
    /// in all.</param>
    /// <exception cref="InputException">The strength is 0 or not finite, or <paramref name="every"/> is less than 1.</exception>
    public static ParticleTarget Reward(
        Func<Tensor, Tensor> reward,
        double strength = 1,
        RewardPotential potential = RewardPotential.Difference,
        int every = 1)
    {
        ArgumentNullException.ThrowIfNull(reward);
        if (every < 1)
        {
            throw new InputException(nameof(every), $"{every}", "at least 1");
        }

        return strength != 0 && double.IsFinite(strength)
            ? new RewardTarget(reward, strength, potential, every)
            : throw new InputException(nameof(strength), FormattableString.Invariant($"{strength}"), "finite and not 0");
    }

    /// <summary>The weighing of one run.</summary>
    internal abstract ParticleWeighing Begin(ParticleBatch batch);
}
