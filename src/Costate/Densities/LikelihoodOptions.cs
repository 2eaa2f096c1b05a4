namespace Costate;

/// <summary>How the likelihood of data is computed. The defaults are exact traces, without a gradient.</summary>
public sealed record LikelihoodOptions
{
    /// <summary>What the logarithm of the determinant is made of.</summary>
    /// <value>The default value is <see cref="LikelihoodWay.Trace"/>.</value>
    public LikelihoodWay Way { get; init; } = LikelihoodWay.Trace;

    /// <summary>
    /// Random directions a step in place of all of them (Hutchinson 1990), each with independent signs that stay the same along the run: an
    /// estimate with a standard error, for images. Not for importance weights: its error enters their exponent.
    /// </summary>
    /// <value>The default value is null: exact, by as many directions as an item has numbers.</value>
    public int? Probes { get; init; }

    /// <summary>Of the probes: one seed for the batch, or one for each item.</summary>
    /// <value>The default value is 0.</value>
    public NoiseSeeds Seed { get; init; }

    /// <summary>
    /// Whether the gradient with respect to the data is wanted: that of the number computed, through all steps and second derivatives of
    /// the network, whose activations of all steps are then in memory at once.
    /// </summary>
    /// <value>The default value is false.</value>
    public bool Gradient { get; init; }

    /// <summary>The subspace that the data live in.</summary>
    /// <value>The default value is null: the whole space.</value>
    public Subspace? Subspace { get; init; }

    /// <summary>Bytes for states of copies; those of the network's graph come on top.</summary>
    /// <value>The default value is 64 MiB.</value>
    public long MemoryBudget { get; init; } = SamplerDensities.DefaultMemoryBudget;

    internal void Check(Solver solver)
    {
        SamplerDensities.CheckBudget(MemoryBudget);
        if (Probes is < 1)
        {
            throw new InputException(nameof(Probes), $"{Probes}", "at least 1", "Leave it out for exact traces.");
        }

        if (Way == LikelihoodWay.Jacobian && (Probes is not null || Gradient))
        {
            throw new InputException(
                nameof(Way),
                $"{LikelihoodWay.Jacobian} with {(Gradient ? nameof(Gradient) : nameof(Probes))}",
                $"{LikelihoodWay.Trace}",
                "A determinant is not probed, nor is its gradient taken.");
        }

        if (solver.IsStochastic || solver.IsReversible)
        {
            throw new InputException(
                "sampler",
                solver.Name,
                solver.IsStochastic ? "one with a deterministic solver" : "one with a solver of one state",
                (solver.IsStochastic ? "" : "From data to noise two coupled states do not stay together, and their map has no density. ")
                    + $"Use {nameof(Solver)}.{nameof(Solver.ExponentialRungeKutta)}"
                    + $"({nameof(ButcherTableau)}.{nameof(ButcherTableau.DormandPrince)}).");
        }
    }
}
