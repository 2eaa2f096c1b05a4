using static TorchSharp.torch;

namespace Costate;

/// <summary>How the particles of one run are moved and weighed.</summary>
internal abstract class ParticleWeighing : IDisposable
{
    /// <summary>The logarithms of the weights at the start, [rows] in 64 bits.</summary>
    internal abstract Tensor Start(Tensor x);

    /// <summary>Keeps some rows, in another order.</summary>
    internal abstract void Select(Tensor rows);

    /// <summary>The next states, and what they add to the logarithms of the weights, in the caller's dispose scope.</summary>
    internal abstract (Tensor Next, Tensor Increments) Advance(int step, Tensor x, Tensor noise);

    /// <summary>Says what the whole run got wrong.</summary>
    internal virtual void Finish()
    {
    }

    public abstract void Dispose();

    /// <summary>A kept tensor in place of another, which is disposed.</summary>
    protected static void Keep(ref Tensor? kept, Tensor now)
    {
        Tensor? before = kept;
        kept = now.DetachFromDisposeScope();
        before?.Dispose();
    }
}
