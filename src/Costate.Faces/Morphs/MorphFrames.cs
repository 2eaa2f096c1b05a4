using static TorchSharp.torch;

namespace Costate.Faces.Morphs;

/// <summary>The blend of each pair, and its morph at even distances among the iterations. A pair that stops early has fewer.</summary>
internal sealed class MorphFrames(int iterations) : IDisposable
{
    private const int Count = 5;

    private readonly Dictionary<int, List<MorphFrame>> kept = [];

    /// <summary>Keeps the samples of some iterations.</summary>
    internal void Add(OptimisationProgress step)
    {
        if (step.Iteration > 0 && (step.Iteration >= iterations || Part(step.Iteration) == Part(step.Iteration - 1)))
        {
            return;
        }

        foreach ((int position, int item) in step.Items.Index().Where(i => double.IsFinite(step.Losses[i.Index])))
        {
            kept.TryAdd(item, []);
            Tensor sample = step.Samples[position].to(CPU, copy: true).DetachFromDisposeScope();
            kept[item].Add(new MorphFrame(step.Iteration, step.Losses[position], sample));
        }
    }

    /// <summary>Of a pair, in order; the first is the blend.</summary>
    internal IReadOnlyList<MorphFrame> Of(int item) => kept[item];

    public void Dispose()
    {
        foreach (MorphFrame frame in kept.Values.SelectMany(frames => frames))
        {
            frame.Sample.Dispose();
        }
    }

    private int Part(int iteration) => iteration * Count / iterations;
}
