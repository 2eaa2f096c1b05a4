using Costate.Benchmarks.Leases;
using Costate.Testing;

namespace Costate.Processes.Tests.Sharing;

/// <summary>A small form of <c>Costate.Benchmarks leases</c>.</summary>
[LongProof]
public sealed class KilledProcessesTests
{
    [Fact]
    public void ItemsOfKilledProcesses_AreEachInTheResultOnce()
    {
        using var folder = new TemporaryFolder();
        KilledProcesses run = KilledProcesses.Run(folder.PathTo("shared"), items: 12, processes: 3, kills: 3, milliseconds: 60, seed: 1);
        Assert.Equal(3, run.Kills);
        Assert.Equal(0, run.Wrong);

        // Processes are killed while they have an item, which another then begins again.
        Assert.InRange(run.Begun, 12 + 1, 12 + 3);
        Assert.InRange(run.Finished, 12, 12 + 3);
    }
}
