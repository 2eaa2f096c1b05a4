using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>A number in libtorch without which its sigmoid and SiLU are slow, on processors with AVX-512.</summary>
/// <remarks>
/// Their exponential, Sleef's <c>expf</c>, ends by loading infinity under a mask, which is empty unless a result overflows. Where the page
/// of memory with that constant is not mapped, an empty mask keeps each such load from faulting: the processor takes hundreds of cycles to
/// see to that, and as nothing faults, nobody maps the page. A result that does overflow brings it in. It can go again: hypervisors drop
/// pages when a process maps others.
/// </remarks>
internal static class SigmoidConstant
{
    // Fewer are computed one by one, by another exponential. Made once: to fill them takes longer than their sigmoids.
    private static readonly Lazy<Tensor> Overflowing = new(() => full([32L], -200f, device: CPU).DetachFromDisposeScope());

    /// <summary>Maps the constant in. Takes 2 microseconds and draws nothing.</summary>
    /// <param name="device">Where the numbers are that are to be computed.</param>
    internal static void MapIn(DeviceType device)
    {
        if (device == DeviceType.CPU && Avx512F.IsSupported)
        {
            Overflowing.Value.sigmoid().Dispose();
        }
    }
}
