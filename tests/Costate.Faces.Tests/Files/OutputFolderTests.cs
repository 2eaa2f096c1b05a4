using Costate.Faces.Files;
using Costate.Testing;

namespace Costate.Faces.Tests.Files;

public sealed class OutputFolderTests
{
    [Fact]
    public void Commit_MovesFilesIntoPlace()
    {
        using var folder = new TemporaryFolder();
        folder.Write("out/a.txt", "old");
        using (OutputFolder output = OutputFolder.Prepare(folder.PathTo("out"), "a.txt"))
        {
            File.WriteAllText(output.Stage("a.txt"), "new");
            Assert.Equal("old", File.ReadAllText(folder.PathTo("out", "a.txt")));
            output.Commit();
        }

        Assert.Equal("new", File.ReadAllText(folder.PathTo("out", "a.txt")));
        Assert.Single(Directory.EnumerateFileSystemEntries(folder.PathTo("out")));
    }

    [Fact]
    public void WithoutCommit_NothingStays()
    {
        using var folder = new TemporaryFolder();
        using (OutputFolder output = OutputFolder.Prepare(folder.PathTo("a", "b", "c")))
        {
            File.WriteAllText(output.Stage("a.txt"), "half");
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.FullName));
    }

    [Fact]
    public void WithoutCommit_FoldersThatWereThereStay()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathTo("a"));
        OutputFolder.Prepare(folder.PathTo("a", "b")).Dispose();
        Assert.True(Directory.Exists(folder.PathTo("a")));
        Assert.False(Directory.Exists(folder.PathTo("a", "b")));
    }

    [Fact]
    public void File_InPlaceOfTheFolder_IsRefused()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("taken", "mine");
        Assert.Contains("it is a file", Assert.Throws<IOException>(() => OutputFolder.Prepare(file)).Message);
        Assert.Contains("taken", Assert.Throws<IOException>(() => OutputFolder.Prepare(Path.Combine(file, "below"))).Message);
    }

    [Fact]
    public void Folder_InPlaceOfAFile_IsRefused()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.PathTo("study.json"));
        Assert.Contains("it is a folder", Assert.Throws<IOException>(() => OutputFolder.Prepare(folder.FullName, "study.json")).Message);
    }

    [Fact]
    public void Folder_ThatMayNotBeWritten_IsRefused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs /proc, where nobody may create a folder.");
        IOException error = Assert.Throws<IOException>(() => OutputFolder.Prepare("/proc/costate"));
        Assert.Contains("Cannot write to '/proc/costate'", error.Message);
        Assert.Contains("for the output", error.Message);
    }
}
