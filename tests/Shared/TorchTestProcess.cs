using Costate.Testing;
using TorchSharp;

[assembly: AssemblyFixture(typeof(TorchTestProcess))]

namespace Costate.Testing;

/// <summary>As many test processes at a time as there are cores, one torch thread in each.</summary>
/// <remarks>
/// <c>dotnet test</c> starts the test projects side by side, and somebody may start it twice. Where more of them compute than
/// there are cores, everything takes many times as long; so each process takes one of the slots, or waits here for one.
/// Figures that depend on the order of a reduction need the single thread, and so come out the same however many slots there are.
/// </remarks>
public sealed class TorchTestProcess : IAsyncLifetime
{
    private FileStream? _slot;

    /// <summary>The file that stands for the slot this process has.</summary>
    internal string Slot => _slot!.Name;

    public async ValueTask InitializeAsync()
    {
        string folder = Repository.PathTo("tests", "obj");
        while ((_slot = TakeSlot(folder, Environment.ProcessorCount)) is null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
        }

        torch.set_num_threads(1);
        CpuLibraries.Prepare(keepOneDnn: true);
    }

    public async ValueTask DisposeAsync()
    {
        if (_slot is not null)
        {
            await _slot.DisposeAsync();
        }
    }

    /// <summary>A free slot, held until it is disposed, or null; the operating system takes it back from a process that dies.</summary>
    internal static FileStream? TakeSlot(string folder, int slots)
    {
        Directory.CreateDirectory(folder);
        for (int i = 0; i < slots; i++)
        {
            try
            {
                return new FileStream(Path.Combine(folder, $"slot-{i}.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                // Somebody has it.
            }
        }

        return null;
    }
}
