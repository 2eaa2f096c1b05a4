using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>How a network computes, which does not change what it computes: chosen on the network, looked at by all its parts.</summary>
/// <param name="device">Where its parameters are made: null for random ones on the CPU; the device meta for a network whose weights are to
/// be read, which then costs neither time nor memory.</param>
internal sealed class Execution(Device? device = null)
{
    internal Device? Device { get; } = device;

    internal AttentionKind Attention { get; set; }

    /// <summary>Whether layers keep their inputs alone for the backward pass, which computes each of them again.</summary>
    internal bool Recomputes { get; set; }

    /// <summary>Why the last backward pass through recomputed layers failed; null where it did not.</summary>
    internal Exception? BackwardError { get; set; }
}
