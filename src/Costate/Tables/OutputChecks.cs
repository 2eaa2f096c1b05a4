using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Looks through a network's outputs for NaN and infinity: in main memory at once. On other devices each look waits until the device has
/// done all that it was given, so there each output leaves flags, one for each item, which are looked at together.
/// </summary>
/// <remarks>
/// Flags are left during <see cref="During"/> alone, which reads them however it ends; at other times an output is looked through at once.
/// So none is forgotten, whatever calls the network.
/// </remarks>
internal sealed class OutputChecks
{
    private readonly List<(Tensor AreFinite, EvaluationPoint At, int FirstItem)> flags = [];
    private bool leavesFlags;

    /// <summary>Does something that evaluates the network many times, and refuses the first output that was not finite.</summary>
    /// <exception cref="InvalidOperationException">
    /// As of <see cref="Check"/>; in the place of what else was thrown, which follows from it.
    /// </exception>
    internal T During<T>(Func<T> evaluations)
    {
        if (leavesFlags)
        {
            // That outside of it reads them.
            return evaluations();
        }

        leavesFlags = true;
        try
        {
            return evaluations();
        }
        finally
        {
            leavesFlags = false;
            Read();
        }
    }

    /// <summary>Refuses an output that is not finite, now or where <see cref="During"/> ends.</summary>
    /// <exception cref="InvalidOperationException">It is not; the message names the step, the time and the item.</exception>
    internal void Check(Denoiser denoiser, Tensor output, EvaluationPoint at, int firstItem)
    {
        if (leavesFlags && (output.device_type != DeviceType.CPU || denoiser.LeavesFlags))
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable noGraph = no_grad();
            flags.Add((Finite.ByItem(output).DetachFromDisposeScope(), at, firstItem));
        }
        else
        {
            Finite.CheckOutput(output, at, firstItem);
        }
    }

    private void Read()
    {
        if (flags.Count == 0)
        {
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        (Tensor AreFinite, EvaluationPoint At, int FirstItem)[] left = [.. flags];
        flags.Clear();
        var all = new Queue<bool>(cat([.. left.Select(flag => flag.AreFinite)]).cpu().data<bool>().ToArray());
        int[] sizes = [.. left.Select(flag => (int)flag.AreFinite.numel())];
        Array.ForEach(left, flag => flag.AreFinite.Dispose());
        foreach ((int k, (_, EvaluationPoint at, int firstItem)) in left.Index())
        {
            bool[] its = [.. Enumerable.Range(0, sizes[k]).Select(_ => all.Dequeue())];
            if (Array.IndexOf(its, false) is var item and >= 0)
            {
                throw Finite.NoNumber(at, firstItem + item);
            }
        }
    }
}
