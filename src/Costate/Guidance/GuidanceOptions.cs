namespace Costate;

/// <summary>
/// A training-free guidance method as a point of one operator (see <see cref="GuidedSampler"/>, which gives the formula).
/// <see cref="GuidancePreset"/> has the published points. By themselves the options guide nothing.
/// </summary>
public sealed record GuidanceOptions
{
    /// <summary>Strength on the state x_t, through the lookahead and so through the network ("variance guidance").</summary>
    /// <value>The default value is 0, which saves the vector-Jacobian products.</value>
    public GuidanceStrength StateStrength { get; init; } = GuidanceStrength.Zero;

    /// <summary>Strength of each iteration on the predicted data ("mean guidance"), which needs no gradient of the network.</summary>
    /// <value>The default value is 0.</value>
    public GuidanceStrength DataStrength { get; init; } = GuidanceStrength.Zero;

    /// <summary>Iterations on the predicted data at each step.</summary>
    /// <value>The default value is 1.</value>
    public int Iterations { get; init; } = 1;

    /// <summary>How often each step is repeated.</summary>
    /// <value>The default value is 1: once.</value>
    public Recurrence Recurrences { get; init; } = 1;

    /// <summary>The prediction that the loss is taken of.</summary>
    /// <value>The default value is <see cref="Lookahead.Greedy"/>.</value>
    public Lookahead Lookahead { get; init; } = Lookahead.Greedy;

    /// <summary>Standard deviation of the Gaussian that smooths the loss in the predicted data.</summary>
    /// <value>The default value is 0: not smoothed.</value>
    public GuidanceStrength Smoothing { get; init; } = GuidanceStrength.Zero;

    /// <summary>Draws of that Gaussian for each evaluation; each costs one evaluation of the loss.</summary>
    /// <value>The default value is 1.</value>
    public int SmoothingDraws { get; init; } = 1;

    /// <summary>What gradients are divided by, item by item.</summary>
    /// <value>The default value is <see cref="GuidanceNormalization.None"/>.</value>
    public GuidanceNormalization Normalization { get; init; }

    /// <summary>
    /// Whether guidance changes the predicted noise, and by it the whole step, as in universal guidance, rather than the state and the
    /// data.
    /// </summary>
    /// <value>The default value is false.</value>
    public bool ThroughNoise { get; init; }

    /// <summary>Noise of the DDIM step in [0, 1]: 0 is deterministic, 1 is DDPM.</summary>
    /// <value>The default value is 0.</value>
    public double Eta { get; init; }

    /// <summary>
    /// Clips the predicted data to [-Clip, Clip] for the step; gradients are taken before it, so that they reach clipped entries too.
    /// </summary>
    /// <value>The default value is null: not clipped. Published code for images in [-1, 1] clips to 1.</value>
    public double? Clip { get; init; }

    /// <summary>
    /// An item has diverged when an entry of its state exceeds this many times the larger of 1 and sigma, or is not finite. Where x_T is of
    /// float16 it counts as 256 at most, whose square is near the largest number that there is.
    /// </summary>
    /// <value>The default value is 1000.</value>
    public double DivergenceBound { get; init; } = DivergenceWatch.DefaultBound;

    internal void Check()
    {
        Require(Iterations >= 1, $"Got {Iterations} iterations; there is at least one. Set {nameof(DataStrength)} to 0 for none.");
        Require(Recurrences.Count >= 1, $"Got {Recurrences.Count} recurrences; each step is taken at least once.");
        Require(
            SmoothingDraws >= 1,
            $"Got {SmoothingDraws} smoothing draws; there is at least one. Set {nameof(Smoothing)} to 0 for none.");
        Require(Eta is >= 0 and <= 1, $"Got eta {Eta}; it lies in [0, 1].");
        Require(Clip is null or > 0, $"Got clip {Clip}; it must be positive, or null for none.");
        Require(DivergenceBound > 1, $"Got a divergence bound of {DivergenceBound}; it must be larger than 1.");
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ArgumentException(message);
        }
    }
}
