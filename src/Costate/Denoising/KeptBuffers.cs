using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Gives a module's buffers back the values that they had, so that what a module counts in training (the running statistics of a batch
/// normalisation) moves once for a sample and not again when evaluations are repeated for its gradient.
/// </summary>
internal sealed class KeptBuffers : IDisposable
{
    private readonly List<(Tensor Buffer, Tensor Value)> kept = [];

    /// <param name="module">The module, or null where none is known. One in evaluation mode changes nothing.</param>
    internal KeptBuffers(nn.Module? module)
    {
        if (module is not null && (module.training || module.modules().Any(part => part.training)))
        {
            kept.AddRange(module.buffers().Select(buffer => (buffer, buffer.detach().clone())));
        }
    }

    public void Dispose()
    {
        using IDisposable noGraph = no_grad();
        foreach ((Tensor buffer, Tensor value) in kept)
        {
            buffer.copy_(value);
            value.Dispose();
        }
    }
}
