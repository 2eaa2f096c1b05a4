using System.Buffers.Binary;
using Costate.Build;

namespace Costate.Processes.Tests.Build;

public sealed class LibstdcxxVersionTests
{
    [Fact]
    public void Weaken_SetsTheFlagAndNothingElse()
    {
        byte[] image = ElfImage.Create();
        byte[] before = [.. image];

        Assert.Equal(WeakenOutcome.Weakened, LibstdcxxVersion.Weaken(image));

        Assert.Equal([ElfImage.FlagsAt], Differences(before, image));
        Assert.Equal(2, image[ElfImage.FlagsAt]);
    }

    [Fact]
    public void Weaken_KeepsOtherFlags()
    {
        byte[] image = ElfImage.Create();
        image[ElfImage.FlagsAt] = 0x5;

        Assert.Equal(WeakenOutcome.Weakened, LibstdcxxVersion.Weaken(image));

        Assert.Equal(0x7, image[ElfImage.FlagsAt]);
    }

    [Fact]
    public void Weaken_SecondRun_ChangesNothing()
    {
        byte[] image = ElfImage.Create();
        LibstdcxxVersion.Weaken(image);
        byte[] once = [.. image];

        Assert.Equal(WeakenOutcome.AlreadyWeak, LibstdcxxVersion.Weaken(image));

        Assert.Equal(once, image);
    }

    [Theory]
    [InlineData("libstdc++.so.6", "GLIBCXX_3.4.30")]
    [InlineData("libc++.so.1", "GLIBCXX_3.4.32")]
    public void Weaken_VersionNotAskedFor_ChangesNothing(string library, string version) =>
        AssertUnchanged(WeakenOutcome.NotRequired, ElfImage.Create(library, version));

    [Fact]
    public void Weaken_NoElf_ChangesNothing()
    {
        AssertUnchanged(WeakenOutcome.NotElf64, []);
        AssertUnchanged(WeakenOutcome.NotElf64, "GROUP ( libtorch.so )"u8.ToArray());
        AssertUnchanged(WeakenOutcome.NotElf64, With(ElfImage.Create(), 4, 1)); // 32 bits
        AssertUnchanged(WeakenOutcome.NotElf64, With(ElfImage.Create(), 5, 2)); // big-endian
    }

    [Fact]
    public void Weaken_TruncatedAnywhere_ChangesNothing()
    {
        byte[] whole = ElfImage.Create();
        int lastSectionField = whole.Length - 64 + 0x30; // what follows in the last section header is never read
        for (int length = 0; length < lastSectionField; length++)
        {
            AssertUnchanged(length < 6 ? WeakenOutcome.NotElf64 : WeakenOutcome.Damaged, whole[..length]);
        }
    }

    [Fact]
    public void Weaken_AnyFieldOverwritten_EndsAndChangesTwoBytesAtMost()
    {
        // Offsets and counts that point anywhere, as a damaged file has them: no exception, no endless walk, no stray write.
        for (int at = 6; at < ElfImage.Create().Length - 4; at++)
        {
            foreach (uint value in (uint[])[0, 1, 0x7fffffff, 0xffffffff])
            {
                byte[] image = ElfImage.Create();
                BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(at), value);
                byte[] before = [.. image];

                WeakenOutcome outcome = LibstdcxxVersion.Weaken(image);

                int[] differences = Differences(before, image);
                Assert.Equal(outcome == WeakenOutcome.Weakened ? 1 : 0, differences.Length);
            }
        }
    }

    [Fact]
    public void Weaken_TorchSharpsLibrary_OnlyTheEntryOfTheVersion()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The library of this platform is no ELF file.");
        byte[] image = File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "libLibTorchSharp.so"));
        int flags = FlagsByHash(image, "GLIBCXX_3.4.32");
        Assert.Equal(2, image[flags]); // the build weakened the output's copy
        image[flags] = 0;
        byte[] original = [.. image];

        Assert.Equal(WeakenOutcome.Weakened, LibstdcxxVersion.Weaken(image));

        Assert.Equal([flags], Differences(original, image));
    }

    /// <summary>Finds the entry without reading any structure: by the hash of the name that each entry begins with.</summary>
    private static int FlagsByHash(byte[] image, string name)
    {
        uint hash = 0;
        foreach (char c in name)
        {
            hash = (hash << 4) + c;
            uint high = hash & 0xf0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }

        byte[] pattern = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(pattern, hash);
        int at = image.AsSpan().IndexOf(pattern);
        Assert.True(at > 0 && image.AsSpan(at + 1).IndexOf(pattern) < 0, "The hash of the version's name does not occur exactly once.");
        return at + 4;
    }

    private static void AssertUnchanged(WeakenOutcome expected, byte[] image)
    {
        byte[] before = [.. image];
        Assert.Equal(expected, LibstdcxxVersion.Weaken(image));
        Assert.Equal(before, image);
    }

    private static byte[] With(byte[] image, int at, byte value)
    {
        image[at] = value;
        return image;
    }

    private static int[] Differences(byte[] before, byte[] after)
    {
        Assert.Equal(before.Length, after.Length);
        return [.. Enumerable.Range(0, before.Length).Where(i => before[i] != after[i])];
    }
}
