using static TorchSharp.torch;

namespace Costate;

/// <summary>A result that holds tensors.</summary>
/// <remarks>They belong to the caller's dispose scope; without one, dispose the result.</remarks>
public abstract class TensorResult : IDisposable
{
    private protected TensorResult()
    {
    }

    private protected abstract IEnumerable<Tensor?> Tensors { get; }

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor? tensor in Tensors)
        {
            tensor?.Dispose();
        }

        GC.SuppressFinalize(this);
    }

    /// <summary>Takes the tensors out of every dispose scope: they live until this is disposed.</summary>
    internal void LeaveAllScopes()
    {
        foreach (Tensor? tensor in Tensors)
        {
            tensor?.DetachFromDisposeScope();
        }
    }

    internal void LeaveScope()
    {
        foreach (Tensor? tensor in Tensors)
        {
            tensor?.MoveToOuterDisposeScope();
        }
    }
}
