using TorchSharp;

namespace Costate.Testing;

/// <summary>Part of every test project: what all its tests rely on.</summary>
public sealed class TestProcessTests(TorchTestProcess process)
{
    [Fact]
    public void Assembly_IsUnderTheLeakCheck() =>
        Assert.NotEmpty(typeof(TestProcessTests).Assembly.GetCustomAttributes(typeof(LeakCheckAttribute), inherit: false));

    [Fact]
    public void Process_HasOneTorchThread() => Assert.Equal(1, torch.get_num_threads());

    [Fact]
    public void ThreadOfATest_ComputesByItself()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Elsewhere a process does not see its threads in files.");
        using torch.Tensor matrix = torch.zeros(512, 512);
        int others = -1;
        var thread = new Thread(() =>
        {
            new LeakCheckAttribute().Before(null!, null!);
            int before = Directory.GetDirectories("/proc/self/task").Length;
            using torch.Tensor product = matrix.mm(matrix);
            others = Directory.GetDirectories("/proc/self/task").Length - before;
        });
        thread.Start();
        thread.Join();

        // Threads of .NET's own may end meanwhile.
        Assert.True(others <= 0, $"{others} more threads");
    }

    [Fact]
    public void Process_HasASlot() =>
        Assert.Throws<IOException>(() => new FileStream(process.Slot, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose());

    [Fact]
    public void Slots_AreAsManyAsAsked_AndComeBack()
    {
        using var folder = new TemporaryFolder();
        using FileStream? first = TorchTestProcess.TakeSlot(folder.FullName, 2), second = TorchTestProcess.TakeSlot(folder.FullName, 2);
        Assert.NotEqual(first!.Name, second!.Name);
        Assert.Null(TorchTestProcess.TakeSlot(folder.FullName, 2));
        first.Dispose();
        using FileStream? again = TorchTestProcess.TakeSlot(folder.FullName, 2);
        Assert.Equal(first.Name, again!.Name);
    }
}
