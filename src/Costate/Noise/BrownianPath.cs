using static TorchSharp.torch;

namespace Costate;

/// <summary>The random path that drives a stochastic solver. The same path gives the same sample, so a gradient can replay it.</summary>
/// <remarks>Immutable; safe to share between threads and runs, as far as the tensor of <see cref="Recorded"/> is.</remarks>
public abstract class BrownianPath
{
    private const double DefaultResolution = 1e-6;

    private protected BrownianPath()
    {
    }

    /// <summary>
    /// Independent noise for each step and each item of the batch, computed from a counter: step k of item i needs no other draw and
    /// does not depend on the batch. Keeps nothing in memory. Two grids see unrelated noise.
    /// </summary>
    /// <param name="seed">One seed for the batch, or one for each item.</param>
    public static BrownianPath PerStep(NoiseSeeds seed) => new PerStepNoise(seed);

    /// <summary>
    /// One path in continuous time: every grid, whatever its number of steps and its ends, sees the same Brownian motion. More steps
    /// then refine the same sample, two solvers on one clock can be compared path by path, and the space-time Levy areas that
    /// <see cref="ButcherTableau.Shark"/> needs belong to the increments.
    /// </summary>
    /// <remarks>
    /// <para>A virtual Brownian tree (Jelinčič, Foster and Kidger 2024, "Single-seed generation of Brownian paths and integrals"): any
    /// stretch may be asked for in any order, and its increment W and area H have their exact joint law, item by item in 64 bits and
    /// independent of the batch. The last stretch is kept, 16 bytes a number, so that W, H and the way back take one walk. The cost is
    /// O(log(1/resolution)) for each number: with the default resolution about 40 draws for the two ends of a stretch, which is about 40
    /// times the work of <see cref="PerStep"/>: take that where nothing is compared between grids.</para>
    /// <para>The path lives on the clock of the solver (see <see cref="NoiseInterval"/>), from 0 to any finite value. Solvers in data
    /// prediction share one clock and solvers in noise prediction another: the same seed on both is two unrelated motions.</para>
    /// <para>Points of two grids that differ by rounding see values that differ by about 1e-12 of the path's scale; next to a node of the
    /// tree, where a Brownian path changes most, by 1e-7 at worst.</para>
    /// </remarks>
    /// <param name="seed">One seed for the batch, or one for each item.</param>
    /// <param name="resolution">
    /// The shortest step that the path resolves, as a fraction of the clock at the step; shorter ones are refused. From 1e-9 to 0.5. A
    /// finer one refines the same path and costs one more draw for each factor of 2. The default value is 1e-6.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">The resolution is outside its range.</exception>
    public static BrownianPath Tree(NoiseSeeds seed, double resolution = DefaultResolution) => new BrownianTree(seed, resolution);

    /// <summary>Noise vectors of your own, or those that <see cref="Sampler.EncodeNoise"/> recovered.</summary>
    /// <param name="noises">[steps, batch, ...], standard normal for a draw of the model. Not copied, not disposed.</param>
    public static BrownianPath Recorded(Tensor noises)
    {
        ArgumentNullException.ThrowIfNull(noises);
        return new RecordedNoise(noises);
    }

    /// <summary>The standard normal vector of a step, in the shape, dtype and device of <paramref name="like"/>.</summary>
    /// <param name="step">Which noise vector, from 0.</param>
    /// <param name="interval">The stretch of the path that it stands for.</param>
    /// <param name="like">A state.</param>
    internal abstract Tensor Normal(int step, NoiseInterval interval, Tensor like);

    /// <summary>The same path for some items of the batch, by their numbers.</summary>
    internal abstract BrownianPath ForItems(IReadOnlyList<int> items);

    /// <summary>Refuses a path that does not fit a run.</summary>
    internal virtual void Check(IReadOnlyList<NoiseInterval> intervals, Tensor like)
    {
    }
}
