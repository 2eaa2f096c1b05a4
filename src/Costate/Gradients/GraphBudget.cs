using TorchSharp;

namespace Costate;

/// <summary>
/// How much the graphs of network evaluations may take, each the activations of one evaluation: a graph that is kept saves a second
/// evaluation. The graphs of the last evaluations of a sample are kept while they fit.
/// </summary>
/// <remarks>
/// On CPUs graphs are measured as they are made, by glibc's count of allocated bytes, elsewhere by the resident set. On other devices
/// no such figure can be had: give a number of evaluations there.
/// </remarks>
public sealed class GraphBudget
{
    private readonly double share;
    private readonly Func<long> free;

    /// <param name="size">At most so much, in bytes, or in graphs where they are not measured.</param>
    /// <param name="share">At most this share of what is free.</param>
    /// <param name="isMeasured">Whether graphs are measured.</param>
    /// <param name="free">What is free, in bytes.</param>
    private GraphBudget(long size, double share, bool isMeasured, Func<long>? free = null) =>
        (Size, this.share, IsMeasured, this.free) = (size, share, isMeasured, free ?? (() => MachineMemory.Free()));

    /// <summary>No graph is kept: each evaluation is repeated when its turn comes.</summary>
    public static GraphBudget None { get; } = OfEvaluations(0);

    /// <summary>Half of the memory that is free when the sample begins, on CPUs; none on other devices. The default of gradients.</summary>
    public static GraphBudget Default { get; } = OfFreeMemory(0.5);

    /// <summary>At most so much, in bytes where graphs are measured.</summary>
    internal long Size { get; }

    /// <summary>Whether graphs are measured, in bytes; else they are counted.</summary>
    internal bool IsMeasured { get; }

    /// <summary>At most so many bytes.</summary>
    /// <param name="bytes">Bytes, 0 for none.</param>
    /// <exception cref="InputException">
    /// It is negative, or more than this process can have; the limits of its control groups (containers) count.
    /// </exception>
    public static GraphBudget OfBytes(long bytes)
    {
        long total = MachineMemory.Total();
        return bytes >= 0 && bytes <= total
            ? new GraphBudget(bytes, 1, isMeasured: true)
            : throw new InputException(
                nameof(bytes),
                FormattableString.Invariant($"{bytes} bytes"),
                FormattableString.Invariant($"0 to {total}, which is what this process can have"),
                $"Use {nameof(GraphBudget)}.{nameof(OfFreeMemory)}(share) to go by what is free.");
    }

    /// <summary>At most a share of the memory that is free when the sample begins.</summary>
    /// <param name="share">From 0, none, to 1.</param>
    /// <exception cref="InputException">It is outside [0, 1].</exception>
    public static GraphBudget OfFreeMemory(double share) => OfFreeMemory(share, null);

    /// <summary>The graphs of so many evaluations, however large.</summary>
    /// <param name="count">Their number, 0 for none.</param>
    /// <exception cref="InputException">It is negative.</exception>
    public static GraphBudget OfEvaluations(int count) => count >= 0
        ? new GraphBudget(count, 0, isMeasured: false)
        : throw new InputException(
            nameof(count), FormattableString.Invariant($"{count} evaluations"), "0 or more", "0 keeps no graph.");

    /// <inheritdoc/>
    public override string ToString() => (IsMeasured, Size) switch
    {
        (false, _) => FormattableString.Invariant($"{Size} graphs"),
        (true, long.MaxValue) => FormattableString.Invariant($"graphs in {share * 100:G3} % of free memory"),
        _ => FormattableString.Invariant($"graphs in {Size} bytes"),
    };

    /// <summary>The same, with another way to find out what is free.</summary>
    internal static GraphBudget OfFreeMemory(double share, Func<long>? free) => share is >= 0 and <= 1
        ? new GraphBudget(long.MaxValue, share, isMeasured: true, free)
        : throw new InputException(
            nameof(share), FormattableString.Invariant($"{share}"), "a share from 0 to 1", "0.5 keeps graphs in half of what is free.");

    /// <summary>Whether graphs are kept on a device.</summary>
    /// <exception cref="InputException">It is a budget of bytes, and the device's cannot be counted.</exception>
    internal bool Allows(DeviceType device)
    {
        if (!IsMeasured)
        {
            return Size > 0;
        }

        bool isBytes = Size < long.MaxValue;
        if (device != DeviceType.CPU && isBytes)
        {
            throw new InputException(
                "checkpointing",
                $"{this} on {device}",
                "a number of graphs there",
                $"What they take on that device cannot be measured. Use {nameof(GraphBudget)}.{nameof(OfEvaluations)}(count).");
        }

        return device == DeviceType.CPU && Size > 0 && share > 0;
    }

    /// <summary>
    /// What graphs may take in all, where some take this much by now: less than at the start when others have filled the machine since.
    /// </summary>
    internal long SizeBeside(long used) => IsMeasured ? Math.Min(Size, used + (long)(share * free())) : Size;
}
