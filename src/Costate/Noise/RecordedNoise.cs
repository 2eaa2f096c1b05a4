using static TorchSharp.torch;

namespace Costate;

internal sealed class RecordedNoise(Tensor noises) : BrownianPath
{
    internal override Tensor Normal(int step, NoiseInterval interval, Tensor like) => noises[step];

    internal override BrownianPath ForItems(IReadOnlyList<int> items) =>
        new RecordedNoise(noises.index_select(1, tensor(items.Select(i => (long)i).ToArray(), device: noises.device)));

    internal override void Check(IReadOnlyList<NoiseInterval> intervals, Tensor like)
    {
        if (noises.dim() != like.dim() + 1 || noises.shape[0] != intervals.Count || !noises.shape.AsSpan(1).SequenceEqual(like.shape)
            || noises.dtype != like.dtype || noises.device_type != like.device_type)
        {
            throw new InputException(
                "noise",
                $"recorded noise of shape {Shapes.Text(noises)} and dtype {noises.dtype} on {noises.device}",
                $"[{intervals.Count}, {string.Join(", ", like.shape)}] of {like.dtype} on {like.device}",
                $"The run draws {intervals.Count} vectors (one for each noise interval of its table) of the shape of its state.");
        }

        Finite.CheckInput(noises, "noise");
    }
}
