using Costate.Testing;
using TorchSharp;

[assembly: AssemblyFixture(typeof(TorchTestProcess))]
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace Costate.Testing;

/// <summary>One test process at a time, one test at a time, one torch thread.</summary>
/// <remarks>
/// <c>dotnet test</c> starts the test projects side by side, and no configuration file can tell it not to. Torch's
/// threads then wait for each other and everything takes many times as long; so each process waits here for its turn.
/// Figures that depend on the order of a reduction need the single thread too.
/// </remarks>
public sealed class TorchTestProcess : IAsyncLifetime
{
    private FileStream? _turn;

    public async ValueTask InitializeAsync()
    {
        while (_turn is null)
        {
            try
            {
                _turn = TakeTurn();
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
            }
        }

        torch.set_num_threads(1);
        CpuLibraries.Prepare(keepOneDnn: true);
    }

    public async ValueTask DisposeAsync()
    {
        if (_turn is not null)
        {
            await _turn.DisposeAsync();
        }
    }

    /// <summary>The turn, held until it is disposed; the operating system takes it back from a process that dies.</summary>
    /// <exception cref="IOException">Another process, or this one, has the turn.</exception>
    internal static FileStream TakeTurn()
    {
        string folder = Repository.PathTo("tests", "obj");
        Directory.CreateDirectory(folder);
        return new FileStream(Path.Combine(folder, "turn.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
    }
}
