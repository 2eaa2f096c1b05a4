using static TorchSharp.torch;

namespace Costate.Benchmarks.Memory;

/// <summary>What a child process measures of itself.</summary>
internal static class MemoryMeasurement
{
    // 1 MiB: beside a thousand of them the garbage collector's own memory is nothing.
    private const long LargeSize = 256;

    // 64 KiB: one lost in each call would add up to more than 100 MiB.
    private const long SmallSize = 64;
    private const int WarmUps = 3;
    private const int FewSteps = 10;

    internal static long LargeStateBytes => 4 * LargeSize * LargeSize * sizeof(float);

    /// <summary>By how much one gradient raises the peak above what was resident before it.</summary>
    internal static long PeakGrowth(int steps, Checkpointing checkpointing)
    {
        set_num_threads(1);
        using var problem = new GradientProblem(steps, LargeSize);
        using (var shorter = new GradientProblem(FewSteps, LargeSize))
        {
            for (int i = 0; i < WarmUps; i++)
            {
                shorter.Run(checkpointing);
            }
        }

        Collect();
        ResidentMemory.ResetPeak();
        long before = ResidentMemory.CurrentBytes;
        problem.Run(checkpointing);
        return ResidentMemory.PeakBytes - before;
    }

    /// <summary>What many gradients leave behind: resident bytes, and tensors.</summary>
    internal static long[] Residue(int calls)
    {
        set_num_threads(1);
        using var problem = new GradientProblem(FewSteps, SmallSize);

        // Until the garbage collector has been through its youngest generation a few times, that generation still grows.
        RunInTurns(problem, calls / 2);
        Collect();
        long bytes = ResidentMemory.CurrentBytes;
        long tensors = Tensor.TotalCount;
        RunInTurns(problem, calls);
        Collect();
        return [ResidentMemory.CurrentBytes - bytes, Tensor.TotalCount - tensors];
    }

    private static void RunInTurns(GradientProblem problem, int calls)
    {
        for (int i = 0; i < calls; i++)
        {
            problem.Run(i % 2 == 0 ? Checkpointing.Default : Checkpointing.Revolve(3));
        }
    }

    /// <summary>Frees what no one holds any more.</summary>
    internal static void Collect()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();

        // Hands back what it can, so that the collector's own reserves do not count.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
