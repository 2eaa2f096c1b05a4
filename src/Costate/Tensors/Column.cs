using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>The numbers of a contiguous tensor in main memory, which must live longer than this.</summary>
internal readonly unsafe struct Column<T>(Tensor tensor)
    where T : unmanaged
{
    private readonly T* values = (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
    private readonly long count = tensor.numel();

    /// <summary>So many of them, or as many as are left.</summary>
    internal Span<T> Part(long first, int most) => new(values + first, (int)Math.Min(most, count - first));
}

/// <summary>Which tensors are columns.</summary>
internal static class Column
{
    // TorchSharp hands out no more than 2 GiB at once.
    private const long Most = int.MaxValue / sizeof(double);

    /// <summary>Whether a tensor lies in main memory, in order.</summary>
    internal static bool Reaches(Tensor tensor) =>
        tensor.device_type == DeviceType.CPU && tensor.is_contiguous() && tensor.numel() <= Most;

    /// <summary>Whether such a tensor is of a dtype, too, and needs no graph.</summary>
    internal static bool Holds(Tensor tensor, ScalarType dtype) => tensor.dtype == dtype && !tensor.requires_grad && Reaches(tensor);
}
