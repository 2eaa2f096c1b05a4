using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>The numbers of a contiguous tensor in main memory, which must live longer than this.</summary>
internal readonly unsafe struct Column<T>
    where T : unmanaged
{
    private readonly T* values;

    internal Column(Tensor tensor)
    {
        Span<T> all = MemoryMarshal.Cast<byte, T>(tensor.bytes);
        values = (T*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(all));
        Count = all.Length;
    }

    /// <summary>How many there are.</summary>
    internal int Count { get; }

    /// <summary>So many of them, or as many as are left.</summary>
    internal Span<T> Part(int first, int most) => new(values + first, Math.Min(most, Count - first));
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
