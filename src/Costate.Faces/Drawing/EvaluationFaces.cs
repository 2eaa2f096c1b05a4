using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Drawing;

/// <summary>Drawn faces as the networks take them.</summary>
internal static class EvaluationFaces
{
    /// <summary>[faces, 3, side, side] in -1..1, on a device.</summary>
    internal static Tensor Stack(
        IReadOnlyList<(ulong Identity, ulong Circumstance)> seeds, int side, Device device, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        return OfBytes(DrawnFaces.Batch(seeds, side, cancellationToken)).to(device).MoveToOuterDisposeScope();
    }

    /// <summary>The same of bytes from 0 to 255.</summary>
    internal static Tensor OfBytes(Tensor bytes)
    {
        using DisposeScope scope = NewDisposeScope();
        return bytes.to(ScalarType.Float32).div_(127.5).sub_(1).MoveToOuterDisposeScope();
    }

    /// <summary>The nearest faces of 8 bits, which is what a file has.</summary>
    internal static Tensor Rounded(Tensor faces)
    {
        using DisposeScope scope = NewDisposeScope();
        return faces.add(1).mul_(127.5).round_().clamp_(0, 255).div_(127.5).sub_(1).MoveToOuterDisposeScope();
    }
}
