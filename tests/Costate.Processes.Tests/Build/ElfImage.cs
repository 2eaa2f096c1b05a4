using System.Buffers.Binary;
using System.Text;

namespace Costate.Processes.Tests.Build;

/// <summary>
/// A small shared library: header, string table, version needs of two libraries, section headers at the end.
/// </summary>
internal static class ElfImage
{
    private const int StringsAt = 64;
    private const int NeedsAt = 192;
    private const int SectionsAt = 320;

    /// <summary>Where the flags of GLIBCXX_3.4.32 lie: the second entry of the second library.</summary>
    public const int FlagsAt = NeedsAt + 32 + 16 + 16 + 4;

    public static byte[] Create(string library = "libstdc++.so.6", string version = "GLIBCXX_3.4.32")
    {
        byte[] image = new byte[SectionsAt + (3 * 64)];
        "\u007fELF"u8.CopyTo(image);
        image[4] = 2; // 64 bits
        image[5] = 1; // little-endian
        Write64(image, 0x28, SectionsAt);
        Write16(image, 0x3a, 64);
        Write16(image, 0x3c, 3);

        // The same version under another library must not be mistaken for the one that counts.
        uint libc = Text(image, 1, "libc.so.6");
        uint wanted = Text(image, 20, version);
        uint standard = Text(image, 50, library);
        uint older = Text(image, 80, version + "1");

        Need(image, NeedsAt, entries: 1, file: libc, first: 16, next: 32);
        Entry(image, NeedsAt + 16, name: wanted, next: 0);
        Need(image, NeedsAt + 32, entries: 2, file: standard, first: 16, next: 0);
        Entry(image, NeedsAt + 48, name: older, next: 16);
        Entry(image, NeedsAt + 64, name: wanted, next: 0);

        Section(image, 1, type: 3, offset: StringsAt, size: NeedsAt - StringsAt, link: 0, info: 0);
        Section(image, 2, type: 0x6ffffffe, offset: NeedsAt, size: 80, link: 1, info: 2);
        return image;
    }

    private static uint Text(byte[] image, uint at, string text)
    {
        Encoding.ASCII.GetBytes(text).CopyTo(image, StringsAt + (int)at);
        return at;
    }

    private static void Need(byte[] image, int at, ushort entries, uint file, uint first, uint next)
    {
        Write16(image, at, 1);
        Write16(image, at + 2, entries);
        Write32(image, at + 4, file);
        Write32(image, at + 8, first);
        Write32(image, at + 12, next);
    }

    private static void Entry(byte[] image, int at, uint name, uint next)
    {
        Write16(image, at + 6, 7);
        Write32(image, at + 8, name);
        Write32(image, at + 12, next);
    }

    private static void Section(byte[] image, int index, uint type, ulong offset, ulong size, uint link, uint info)
    {
        int at = SectionsAt + (64 * index);
        Write32(image, at + 0x04, type);
        Write64(image, at + 0x18, offset);
        Write64(image, at + 0x20, size);
        Write32(image, at + 0x28, link);
        Write32(image, at + 0x2c, info);
    }

    private static void Write16(byte[] image, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(at), value);

    private static void Write32(byte[] image, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(at), value);

    private static void Write64(byte[] image, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(at), value);
}
