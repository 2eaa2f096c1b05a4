using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The noise of a guided run, item by item. Steps, repeats and smoothing draw from three generators, so that the steps of two methods see
/// the same noise; the steps of the first pass see that of <see cref="BrownianPath.PerStep"/>.
/// </summary>
internal sealed class GuidanceNoise(NoiseSeeds seed, int steps)
{
    private readonly PerStepNoise taken = new(seed);
    private readonly PerStepNoise added = new(seed.For(0x72656e6f69736521));
    private readonly PerStepNoise smoothing = new(seed.For(0x736d6f6f7468696e));
    private int draws;

    /// <summary>For the step itself.</summary>
    internal Tensor OfStep(int step, int repeat, Tensor like) => Draw(taken, step + (repeat * steps), like);

    /// <summary>For going back to repeat it.</summary>
    internal Tensor OfReturn(int step, int repeat, Tensor like) => Draw(added, step + (repeat * steps), like);

    /// <summary>The next one for smoothing.</summary>
    internal Tensor OfSmoothing(Tensor like) => Draw(smoothing, draws++, like);

    private static Tensor Draw(PerStepNoise noise, int number, Tensor like) => noise.Draw(number, like.shape, like.dtype, like.device);
}
