namespace Costate;

/// <summary>How particles are carried.</summary>
public sealed record ParticleOptions
{
    /// <summary>
    /// Particles are resampled before a step where their effective size is below this fraction of their number: 0 never does, 1 before
    /// every step.
    /// </summary>
    /// <value>The default value is 0.5.</value>
    public double Threshold { get; init; } = 0.5;

    /// <summary>The most particles in one call of the network, over all problems: memory grows with it alone.</summary>
    /// <value>The default value is 4096.</value>
    public int AtOnce { get; init; } = 4096;

    internal void Check()
    {
        if (!(Threshold is >= 0 and <= 1))
        {
            throw new InputException(nameof(Threshold), FormattableString.Invariant($"{Threshold}"), "in [0, 1]");
        }

        if (AtOnce < 1)
        {
            throw new InputException(nameof(AtOnce), $"{AtOnce}", "at least 1");
        }
    }
}
