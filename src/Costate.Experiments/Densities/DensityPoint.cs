namespace Costate.Experiments.Densities;

/// <summary>What the weights of a sampler's density are worth on a mixture.</summary>
internal sealed record DensityPoint
{
    public required int Dimension { get; init; }

    public required string Solver { get; init; }

    public required int Steps { get; init; }

    /// <summary>Of all samples; 1 for a density that is right.</summary>
    public required double MeanWeight { get; init; }

    public required double MeanWeightError { get; init; }

    /// <summary>The effective size over the number of samples.</summary>
    public required double EffectiveFraction { get; init; }

    /// <summary>The root mean square of the logarithms of the weights, in nats.</summary>
    public required double RmsLogWeight { get; init; }

    public required int Folds { get; init; }

    /// <summary>By how much the determinant of a reversible solver's pair of states misses that of the sample, in nats.</summary>
    public double? PairError { get; init; }

    /// <summary>Standard errors from 1 that the mean weight is.</summary>
    public double Away => (MeanWeight - 1) / MeanWeightError;

    internal static DensityPoint Of(int dimension, string solver, int steps, ImportanceWeights weights) => new()
    {
        Dimension = dimension,
        Solver = solver,
        Steps = steps,
        MeanWeight = Math.Exp(weights.LogZ),
        MeanWeightError = Math.Exp(weights.LogZ) * weights.LogZError,
        EffectiveFraction = weights.EffectiveFraction,
        RmsLogWeight = Math.Sqrt(weights.LogWeights.Average(value => value * value)),
        Folds = 0,
    };
}
