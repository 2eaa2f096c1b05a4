using static TorchSharp.torch;

namespace Costate.Testing;

/// <summary>
/// While it lives, what is made where nothing says the device has no memory: the parameters of networks, tensors that were forgotten.
/// </summary>
internal sealed class MetaDevice : IDisposable
{
    private readonly Device before = get_default_device();

    public MetaDevice() => set_default_device(META);

    public void Dispose() => set_default_device(before);
}
