using Costate.Testing;
using TorchSharp;

[assembly: AssemblyFixture(typeof(TorchTestProcess))]
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace Costate.Testing;

/// <summary>One test process at a time, one torch thread in it.</summary>
/// <remarks>
/// <c>dotnet test</c> starts the test projects side by side and has no setting in a file against it. Torch's threads then
/// wait for each other and everything takes many times as long; so each process waits here for its turn. Numbers that
/// depend on the order of a reduction need the single thread too.
/// </remarks>
public sealed class TorchTestProcess : IAsyncLifetime
{
    private FileStream? _turn;

    public async ValueTask InitializeAsync()
    {
        string folder = Repository.PathTo("tests", "obj");
        Directory.CreateDirectory(folder);
        _turn = await WaitForTurn(Path.Combine(folder, "one-at-a-time.lock"));
        torch.set_num_threads(1);
    }

    public async ValueTask DisposeAsync()
    {
        if (_turn is not null)
        {
            await _turn.DisposeAsync();
        }
    }

    private static async Task<FileStream> WaitForTurn(string path)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken);
            }
        }
    }
}
