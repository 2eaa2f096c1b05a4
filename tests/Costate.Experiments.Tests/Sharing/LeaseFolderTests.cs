using System.Collections.Concurrent;
using Costate.Experiments.Sharing;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Sharing;

public sealed class LeaseFolderTests
{
    private static readonly TimeSpan Lapse = TimeSpan.FromSeconds(60);

    // A clock that only tests move: none of these waits for one to lapse.
    private readonly MovedClock clock = new();

    [Fact]
    public void Items_AreEachComputedOnce_AndSummedUpOnce()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        const int Items = 60, Processes = 6;
        var computed = new ConcurrentBag<int>();
        int sums = 0;
        LeasedItems[] shares = [.. Enumerable.Range(0, Processes).Select(_ => Open(folder, Items))];
        Thread[] processes =
        [
            .. shares.Select(items => new Thread(() =>
            {
                foreach (int[] group in items.Groups(3, default))
                {
                    Array.ForEach(group, computed.Add);
                    Thread.Yield();
                }

                items.Conclude(() => Interlocked.Increment(ref sums), default);
            })),
        ];
        Array.ForEach(processes, thread => thread.Start());
        Array.ForEach(processes, thread => thread.Join());
        Array.ForEach(shares, items => items.Dispose());
        Assert.Equal(Enumerable.Range(0, Items), computed.Order());
        Assert.Equal(1, sums);
        Assert.Empty(Directory.GetDirectories(folder.PathTo(".leases")));
    }

    [Fact]
    public void Removed_ByTwo_IsGone_AndNothingCanBeTaken()
    {
        using var folder = new TemporaryFolder();
        using LeaseFolder one = Join(folder), two = Join(folder);
        Assert.True(one.TryTake("3"));
        one.Remove();
        two.Remove();
        Assert.False(two.TryTake("4"));
        Assert.Empty(Directory.GetDirectories(folder.PathTo(".leases")));
    }

    // A process of a machine whose clock is an hour off: only its counter counts.
    [Fact]
    public void DeadProcess_IsFoundByItsCounter_AndItsItemTakenOverByOne()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string dead = Dead(folder, "3");
        using LeaseFolder one = Join(folder), two = Join(folder);
        void Clocks(double hours) => File.SetLastWriteTimeUtc(dead, DateTime.UtcNow.AddHours(hours));

        Clocks(-1);
        Assert.False(one.TryTake("3"));
        Assert.False(one.IsForsaken("3", 1));
        clock.Move(Lapse);
        File.WriteAllText(dead, "000000000042");
        Clocks(1);
        Assert.False(one.IsForsaken("3", 1));
        clock.Move(Lapse / 2);
        Assert.False(one.IsForsaken("3", 1));
        Assert.False(two.IsForsaken("3", 1));
        clock.Move(Lapse / 2);
        Assert.True(one.IsForsaken("3", 1));

        // The other has watched for half as long.
        Assert.False(two.IsForsaken("3", 1));
        clock.Move(Lapse / 2);
        Assert.True(two.IsForsaken("3", 1));

        // Both saw it dead; the second comes too late, and does not take it from the first.
        Assert.True(one.TryTake("3", 1));
        Assert.False(two.TryTake("3", 1));
        Assert.False(two.IsForsaken("3", 2));
    }

    [Fact]
    public void Left_IsFreeAtOnce_AndWhatHasNoNameLapses()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using LeaseFolder other = Join(folder);
        using (LeaseFolder leaving = Join(folder))
        {
            Assert.True(leaving.TryTake("1"));
            Assert.False(other.IsForsaken("1", 1));
        }

        Assert.True(other.IsForsaken("1", 1));

        // Killed between the creation of the file and its name.
        File.WriteAllText(Path.Combine(Plan(folder), "2.0"), "");
        Assert.False(other.IsForsaken("2", 1));
        clock.Move(Lapse);
        Assert.True(other.IsForsaken("2", 1));
    }

    [Fact]
    public void ItemsOfTheDead_AreComputed_AndNotesReachWhoSumsUp()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Dead(folder, "00002");
        using (WorkItems first = Open(folder, 4))
        {
            int[] group = first.Groups(1, default).First();
            first.Note(group[0], "never kept, since it was not finished");
        }

        using (WorkItems second = Open(folder, 4))
        {
            using IEnumerator<int[]> groups = second.Groups(2, default).GetEnumerator();
            Assert.True(groups.MoveNext());
            Assert.Equal([1, 3], groups.Current);
            second.Note(3, "it cannot be");
            Assert.True(groups.MoveNext());

            // Item 0 was let go of; that of the dead comes when its counter has stood still.
            Assert.Equal([0], groups.Current);
            using var moving = new Timer(_ => clock.Move(Lapse), state: null, dueTime: 1, period: 1);
            Assert.True(groups.MoveNext());
            Assert.Equal([2], groups.Current);
        }

        using WorkItems last = Open(folder, 4);
        int computed = 0;
        foreach (int[] group in last.Groups(4, default))
        {
            computed += group.Length;
        }

        // What was in hand when the second left is computed again, what it had finished is not.
        Assert.Equal(1, computed);
        Assert.True(last.Conclude(() => Assert.Equal("it cannot be", Assert.Single(last.Notes).Value), default));
    }

    // Somebody has removed a result of a killed run, whose lease says that it is done.
    [Fact]
    public void WhatCannotBeSummedUp_IsComputedByTheNextRun()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using (WorkItems first = Open(folder, 2))
        {
            Assert.Equal([0, 1], first.Groups(1, default).SelectMany(group => group));
        }

        using (WorkItems second = Open(folder, 2))
        {
            Assert.Empty(second.Groups(1, default));
            Assert.Throws<InvalidDataException>(() => second.Conclude(() => throw new InvalidDataException("0 is missing"), default));
        }

        using WorkItems third = Open(folder, 2);
        Assert.Equal([0, 1], third.Groups(1, default).SelectMany(group => group));
        Assert.True(third.Conclude(() => { }, default));
    }

    [Fact]
    public void OtherPlans_AreRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using LeaseFolder one = Join(folder);
        string message = Assert.Throws<InvalidDataException>(
            () => LeaseFolder.Join(folder.FullName, "another plan", LeaseTimes.Of(Lapse), clock)).Message;
        Assert.Contains("Other items, methods or settings", message, StringComparison.Ordinal);
        Assert.Contains(".leases", message, StringComparison.Ordinal);
        Join(folder).Dispose();
        one.Remove();
        LeaseFolder.Join(folder.FullName, "another plan", LeaseTimes.Of(Lapse), clock).Dispose();
    }

    [Fact]
    public void Folder_WithoutExclusiveCreationOrRenames_IsRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        SharedFiles.Check(folder.FullName, folder.FullName);
        string created = Message(create: (_, _) => true);
        Assert.Contains("4 that created the same 20 files were told 80 times", created, StringComparison.Ordinal);
        Assert.Contains("a folder for each of N parts", created, StringComparison.Ordinal);

        // As if the target were deleted before: somebody reads all the time, and a pause makes sure that it is seen.
        Assert.Contains("is missing meanwhile", Message(replace: (from, to) =>
        {
            File.Delete(to);
            Thread.Sleep(10);
            File.Move(from, to);
        }), StringComparison.Ordinal);
        string copied = Message(replace: (from, to) => File.Copy(from, to, overwrite: true));
        Assert.Contains("is not in its place", copied, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.FullName));

        string Message(Func<string, byte[], bool>? create = null, Action<string, string>? replace = null) =>
            Assert.Throws<InvalidDataException>(
            () => SharedFiles.Check(folder.FullName, folder.FullName, create, replace)).Message;
    }

    [Fact]
    public void Lapse_IsReadFromTheEnvironment()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(90, LeaseTimes.Of(_ => null).Lapse.TotalSeconds);
        Assert.Equal(5, LeaseTimes.Of(_ => null).Beat.TotalSeconds);
        Assert.Equal(18, LeaseTimes.Of(_ => "18").Lapse.TotalSeconds);
        string refused = Assert.Throws<InputException>(() => LeaseTimes.Of(_ => "0")).Message;
        Assert.Contains("COSTATE_LEASE_SECONDS", refused, StringComparison.Ordinal);
    }

    private LeaseFolder Join(TemporaryFolder folder) => LeaseFolder.Join(folder.FullName, "plan", LeaseTimes.Of(Lapse), clock);

    private LeasedItems Open(TemporaryFolder folder, int items) => new(
        items,
        [.. Enumerable.Range(0, items)],
        LeaseFolder.Join(folder.FullName, "plan", LeaseTimes.Of(Lapse) with { Look = TimeSpan.FromMilliseconds(1) }, clock));

    private static string Plan(TemporaryFolder folder) => Directory.GetDirectories(folder.PathTo(".leases")).Single();

    // What a killed process leaves behind: its lease, and a counter that stands still.
    private string Dead(TemporaryFolder folder, string item)
    {
        Join(folder).Dispose();
        File.WriteAllText(Path.Combine(Plan(folder), $"{item}.0"), "dead");
        string beat = Path.Combine(Plan(folder), "workers", "dead");
        File.WriteAllText(beat, "000000000041");
        return beat;
    }

    private sealed class MovedClock : TimeProvider
    {
        private long now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref now);

        internal void Move(TimeSpan by) => Interlocked.Add(ref now, by.Ticks);
    }
}
