using static TorchSharp.torch;

namespace Costate;

internal sealed class RecordedNoise(Tensor noises) : BrownianPath
{
    internal override Tensor Normal(int step, NoiseInterval interval, Tensor like) => noises[step];

    internal override BrownianPath ForItems(IReadOnlyList<int> items) =>
        new RecordedNoise(noises.index_select(1, tensor(items.Select(i => (long)i).ToArray(), device: noises.device)));

    internal override void Check(IReadOnlyList<NoiseInterval> intervals, Tensor like)
    {
        if (noises.dim() != like.dim() + 1 || noises.shape[0] != intervals.Count || !noises.shape.AsSpan(1).SequenceEqual(like.shape) || noises.dtype != like.dtype)
        {
            throw new ArgumentException($"Got recorded noise of shape {Shapes.Text(noises)} and dtype {noises.dtype}; this run needs [{intervals.Count}, {string.Join(", ", like.shape)}] of {like.dtype}: one vector for each of its {intervals.Count} noise intervals.");
        }
    }
}
