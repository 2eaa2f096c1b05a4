using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The noise of a guided run, item by item. Steps, repeats and smoothing draw from three generators, so that the steps of two methods see
/// the same noise; the steps of the first pass see that of <see cref="BrownianPath.PerStep(ulong)"/>.
/// </summary>
internal sealed class GuidanceNoise(Func<int, (ulong Seed, int Stream)> streamOf, int steps)
{
    private readonly PerStepNoise taken = new(streamOf);
    private readonly PerStepNoise added = new(item => Part(streamOf(item), 0x72656e6f69736521));
    private readonly PerStepNoise smoothing = new(item => Part(streamOf(item), 0x736d6f6f7468696e));
    private int draws;

    internal static Func<int, (ulong Seed, int Stream)> Streams(ulong seed) => item => (seed, item);

    internal static Func<int, (ulong Seed, int Stream)> Streams(IReadOnlyList<ulong> seeds, long batch)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        return seeds.Count == batch
            ? item => (seeds[item], 0)
            : throw new ArgumentException($"Got {seeds.Count} seeds for a batch of {batch}; give one for each item.", nameof(seeds));
    }

    /// <summary>For the step itself.</summary>
    internal Tensor OfStep(int step, int repeat, Tensor like) => Draw(taken, step + (repeat * steps), like);

    /// <summary>For going back to repeat it.</summary>
    internal Tensor OfReturn(int step, int repeat, Tensor like) => Draw(added, step + (repeat * steps), like);

    /// <summary>The next one for smoothing.</summary>
    internal Tensor OfSmoothing(Tensor like) => Draw(smoothing, draws++, like);

    private static Tensor Draw(PerStepNoise noise, int number, Tensor like) => noise.Draw(number, like.shape, like.dtype, like.device);

    private static (ulong Seed, int Stream) Part((ulong Seed, int Stream) stream, ulong use) => (stream.Seed ^ use, stream.Stream);
}
