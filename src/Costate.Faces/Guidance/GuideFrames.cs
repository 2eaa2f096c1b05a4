using static TorchSharp.torch;

namespace Costate.Faces.Guidance;

/// <summary>
/// The pictures that a loss is asked about, on their way to the result. However often it is asked, few are kept, at even distances: when
/// there are too many, every other one goes.
/// </summary>
/// <param name="watch">Told the losses.</param>
internal sealed class GuideFrames(RunWatch? watch = null) : IDisposable
{
    private const int Most = 32;

    private readonly List<Tensor> kept = [];
    private long asked;
    private long stride = 1;

    /// <summary>The same loss, watched.</summary>
    internal Func<Tensor, Tensor> Watch(Func<Tensor, Tensor> loss) => x =>
    {
        Add(x);
        Tensor value = loss(x);
        if (watch is not null)
        {
            using IDisposable noGraph = no_grad();
            using Tensor mean = value.detach().mean();
            watch.Loss(mean.to(ScalarType.Float64).item<double>());
        }

        return value;
    };

    /// <summary>So many of them, [batch, ...] each, the first and nearly the last included; fewer if there are not as many.</summary>
    internal IReadOnlyList<Tensor> Take(int count)
    {
        int shown = Math.Min(count, kept.Count);
        return [.. Enumerable.Range(0, shown).Select(i => kept[shown == 1 ? 0 : i * (kept.Count - 1) / (shown - 1)])];
    }

    public void Dispose() => kept.ForEach(frame => frame.Dispose());

    private void Add(Tensor x)
    {
        if (asked++ % stride != 0)
        {
            return;
        }

        using IDisposable noGraph = no_grad();
        kept.Add(x.detach().clone().DetachFromDisposeScope());
        if (kept.Count < Most)
        {
            return;
        }

        stride *= 2;
        for (int i = kept.Count - 1; i >= 1; i -= 2)
        {
            kept[i].Dispose();
            kept.RemoveAt(i);
        }
    }
}
