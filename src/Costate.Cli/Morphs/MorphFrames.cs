using static TorchSharp.torch;

namespace Costate.Cli.Morphs;

/// <summary>Morphs on their way, at even distances among the iterations. A pair that stops early has fewer.</summary>
internal sealed class MorphFrames(int iterations) : IDisposable
{
    private const int Count = 5;

    private readonly Dictionary<int, List<Tensor>> kept = [];

    /// <summary>Keeps the samples of some iterations.</summary>
    internal void Add(OptimisationProgress step)
    {
        if (step.Iteration >= iterations || (step.Iteration > 0 && Part(step.Iteration) == Part(step.Iteration - 1)))
        {
            return;
        }

        foreach ((int position, int item) in step.Items.Index())
        {
            kept.TryAdd(item, []);
            kept[item].Add(step.Samples[position].clone().DetachFromDisposeScope());
        }
    }

    internal IReadOnlyList<Tensor> Of(int item) => kept.GetValueOrDefault(item, []);

    public void Dispose()
    {
        foreach (Tensor frame in kept.Values.SelectMany(frames => frames))
        {
            frame.Dispose();
        }
    }

    private int Part(int iteration) => iteration * Count / iterations;
}
