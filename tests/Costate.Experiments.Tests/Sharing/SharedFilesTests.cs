using Costate.Experiments.Sharing;
using Costate.Testing;

namespace Costate.Experiments.Tests.Sharing;

public sealed class SharedFilesTests
{
    // Who sums up renames the folder and deletes it, while others still ask for items that all have been taken.
    [Fact]
    public void FolderThatGoesMeanwhile_IsNoError()
    {
        using var folder = new TemporaryFolder();
        string place = folder.PathTo("place"), file = Path.Combine(place, "7.0");
        bool stop = false;
        Exception? thrown = null;
        var asking = new Thread(() =>
        {
            try
            {
                while (!Volatile.Read(ref stop))
                {
                    SharedFiles.TryCreate(file, [1]);
                }
            }
            catch (Exception e)
            {
                thrown = e;
            }
        });
        asking.Start();
        for (int round = 0; round < 3000 && thrown is null; round++)
        {
            Directory.CreateDirectory(place);
            SharedFiles.TryCreate(file, [2]);
            Directory.Move(place, place + round);
            SharedFiles.Delete(place + round);
        }

        Volatile.Write(ref stop, true);
        asking.Join();
        Assert.Null(thrown);
    }

    [Fact]
    public void FileIsCreatedOnce_AndByNobodyWithoutAFolder()
    {
        using var folder = new TemporaryFolder();
        string file = folder.PathTo("0.0");
        Assert.True(SharedFiles.TryCreate(file, [1]));
        Assert.False(SharedFiles.TryCreate(file, [2]));
        Assert.Equal([1], SharedFiles.Read(file));
        Assert.False(SharedFiles.TryCreate(folder.PathTo("nowhere", "0.0"), [3]));
    }
}
