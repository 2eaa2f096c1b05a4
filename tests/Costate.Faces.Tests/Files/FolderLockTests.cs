using System.Diagnostics;
using Costate.Faces.Files;
using Costate.Testing;

namespace Costate.Faces.Tests.Files;

public sealed class FolderLockTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void SecondRun_IsToldOfTheFirst_AndMayFollowIt()
    {
        using (Take("train", "recogniser", "--steps", "7"))
        {
            string message = Assert.Throws<IOException>(() => Take("train", "recogniser").Dispose()).Message;
            Assert.All(
                (string[])
                    [
                        $"process {Environment.ProcessId}",
                        Environment.MachineName,
                        " UTC: ",
                        "costate train recogniser --steps 7",
                        "another folder for the output",
                    ],
                text => Assert.Contains(text, message));
        }

        Take("train", "recogniser").Dispose();
    }

    [Fact]
    public void SharedFolder_IsForOthersWhoShareIt()
    {
        string path = folder.PathTo("shared");
        using (FolderLock.Share(path))
        using (FolderLock.Share(path))
        {
            Assert.Contains("in use by another run", Assert.Throws<IOException>(() => FolderLock.Take(path, "train").Dispose()).Message);
        }

        using (FolderLock.Take(path, "train"))
        {
            Assert.Contains("costate train", Assert.Throws<IOException>(() => FolderLock.Share(path).Dispose()).Message);
        }
    }

    // The text of a run that was killed says nothing: its lock is gone.
    [Fact]
    public void KilledRun_HoldsNothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "flock of util-linux holds the lock as another process would.");
        folder.Write("out/.costate.run", "process 1 on moon since yesterday UTC: costate train all\n");
        folder.Write("out/.costate.lock", "");
        using Process other = Process.Start(
            new ProcessStartInfo("flock", ["-x", "-o", folder.PathTo("out", ".costate.lock"), "sh", "-c", "echo held; exec sleep 60"])
            {
                RedirectStandardOutput = true,
            }
        )!;
        Assert.Equal("held", other.StandardOutput.ReadLine());
        Assert.Contains("process 1 on moon", Assert.Throws<IOException>(() => Take().Dispose()).Message);
        other.Kill(entireProcessTree: true);
        other.WaitForExit();
        using FolderLock held = Take("sample");
        Assert.Contains("costate sample", File.ReadAllText(folder.PathTo("out", ".costate.run")));
    }

    [Fact]
    public void WhatKilledRunsLeft_IsRemoved_ButNothingOfLiveOnes()
    {
        folder.Write("out/.costate-dead/half.png", "half");
        folder.Write("out/.costate-file", "half");
        folder.Write("out/pairs/0000/.costate-file", "half");
        folder.Write("out/pairs/0000/kept.json", "{}");
        folder.Write("out/.costaterc", "not ours");
        folder.Write("out/part/.costate-file", "of another run");
        using FolderLock part = FolderLock.Take(folder.PathTo("out", "part"), "");
        folder.Write("out/part/.costate-file", "of another run");
        using OutputFolder live = OutputFolder.Prepare(folder.PathTo("out"));
        File.WriteAllText(live.Stage("a.txt"), "new");
        using (Take())
        {
            Assert.False(Directory.Exists(folder.PathTo("out", ".costate-dead")));
            Assert.False(File.Exists(folder.PathTo("out", ".costate-file")));
            Assert.Equal(["kept.json"], Directory.GetFileSystemEntries(folder.PathTo("out", "pairs", "0000")).Select(Path.GetFileName));
            Assert.True(File.Exists(folder.PathTo("out", ".costaterc")));
            Assert.True(File.Exists(folder.PathTo("out", "part", ".costate-file")));
        }

        live.Commit();
        Assert.Equal("new", File.ReadAllText(folder.PathTo("out", "a.txt")));
    }

    [Fact]
    public void NextRun_RemovesWhatAKilledOneStaged()
    {
        folder.Write("out/.costate-dead/sample.png", "half");
        folder.Write("out/.costate-older/.lock", "");
        using (OutputFolder first = OutputFolder.Prepare(folder.PathTo("out")))
        {
            File.WriteAllText(first.Stage("a.txt"), "first");
            using (OutputFolder second = OutputFolder.Prepare(folder.PathTo("out")))
            {
                // Its own and that of the other, which lives.
                Assert.Equal(2, Directory.GetDirectories(folder.PathTo("out")).Length);
            }

            first.Commit();
        }

        Assert.Equal([folder.PathTo("out", "a.txt")], Directory.GetFileSystemEntries(folder.PathTo("out")));
    }

    [Fact]
    public void FolderThatCannotBeWritten_IsRefused()
    {
        folder.Write("taken", "mine");
        Assert.Contains("it is a file", Assert.Throws<IOException>(() => FolderLock.Take(folder.PathTo("taken"), "")).Message);
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs /proc, where nobody may create a folder.");
        Assert.Contains(
            "Cannot write to '/proc/costate'",
            Assert.Throws<IOException>(() => FolderLock.Take("/proc/costate", "")).Message);
    }

    private FolderLock Take(params string[] arguments) => FolderLock.Take(folder.PathTo("out"), string.Join(' ', arguments));
}
