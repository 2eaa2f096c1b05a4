using System.Globalization;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class MachineMemoryTests
{
    [Fact]
    public void Allocated_SeesATensorComeAndGo()
    {
        using var scope = NewDisposeScope();
        long before = MachineMemory.Allocated();
        Tensor large = zeros(1 << 24);
        long with = MachineMemory.Allocated();
        large.Dispose();
        Assert.InRange(with - before, 60L << 20, 80L << 20);
        Assert.InRange(MachineMemory.Allocated() - before, -(16L << 20), 16L << 20);
    }

    [Fact]
    public void Free_IsLessThanTotal()
    {
        Assert.InRange(MachineMemory.Free(), 1, MachineMemory.Total());
        Assert.InRange(MachineMemory.Total(), 1L << 30, 1L << 44);
    }

    [Fact]
    public void ControlGroups_LimitIt()
    {
        string root = Directory.CreateTempSubdirectory().FullName;
        Write("proc/meminfo", "MemTotal:       16000000 kB\nMemFree:         100 kB\nMemAvailable:    8000000 kB\n");
        Assert.Equal((8_000_000L * 1024, 16_000_000L * 1024), (MachineMemory.Free(root), MachineMemory.Total(root)));

        // Version 2: a group without a limit within one that has it.
        Write("proc/self/cgroup", "0::/outer/inner\n");
        Write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
        Write("sys/fs/cgroup/outer/memory.max", "1000000000\n");
        Write("sys/fs/cgroup/outer/memory.current", "700000000\n");
        Write("sys/fs/cgroup/outer/memory.stat", "anon 5\ninactive_file 200000000\n");
        Assert.Equal((500_000_000L, 1_000_000_000L), (MachineMemory.Free(root), MachineMemory.Total(root)));

        // Fuller than its limit says: nothing is left.
        Write("sys/fs/cgroup/outer/memory.current", "1300000000\n");
        Assert.Equal(0, MachineMemory.Free(root));

        // Version 1, in a tree of its own; within a container the group's own folder may be the top one.
        Write("proc/self/cgroup", "9:cpu:/x\n4:memory:/docker/abc\n");
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", "2000000000\n");
        Write("sys/fs/cgroup/memory/memory.usage_in_bytes", "500000000\n");
        Assert.Equal((1_500_000_000L, 2_000_000_000L), (MachineMemory.Free(root), MachineMemory.Total(root)));

        // No limit in version 1 is a number beyond any machine.
        Write("sys/fs/cgroup/memory/memory.limit_in_bytes", long.MaxValue.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(16_000_000L * 1024, MachineMemory.Total(root));
        Directory.Delete(root, recursive: true);

        void Write(string name, string text)
        {
            string file = Path.Combine(root, name);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, text);
        }
    }
}
