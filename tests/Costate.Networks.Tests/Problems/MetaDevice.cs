using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>While it lives, networks are made without memory for their parameters.</summary>
internal sealed class MetaDevice : IDisposable
{
    private readonly Device before = get_default_device();

    public MetaDevice() => set_default_device(META);

    public void Dispose() => set_default_device(before);
}
