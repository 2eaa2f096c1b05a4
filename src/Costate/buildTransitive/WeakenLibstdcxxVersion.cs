// Compiled twice: by MSBuild's inline task factory (.NET Standard 2.0, no implicit usings) and by the tests.
#nullable enable

using System.Text;

namespace Costate.Build;

/// <summary>What <see cref="LibstdcxxVersion.Weaken"/> found and did.</summary>
public enum WeakenOutcome
{
    /// <summary>The bytes are not a 64-bit little-endian ELF file; nothing changed.</summary>
    NotElf64,

    /// <summary>An ELF file that breaks off or contradicts itself; nothing changed.</summary>
    Damaged,

    /// <summary>The file asks for no such version; nothing changed.</summary>
    NotRequired,

    /// <summary>The version is asked for weakly already; nothing changed.</summary>
    AlreadyWeak,

    /// <summary>The weak flag was set.</summary>
    Weakened,
}

/// <summary>
/// Makes libLibTorchSharp.so load where libstdc++ is older than GCC 13.2 (Debian 12, Ubuntu 22.04).
/// </summary>
/// <remarks>
/// TorchSharp 0.107's library asks for the symbol version GLIBCXX_3.4.32, but only for
/// <c>std::ios_base_library_init</c>, which nothing relocates against. The dynamic loader refuses a file
/// whose needed version is missing, unless the entry in <c>.gnu.version_r</c> is marked weak: then it goes on.
/// Setting that mark changes one 16-bit field and nothing for systems that have the version.
/// </remarks>
public static class LibstdcxxVersion
{
    private const string Library = "libstdc++.so.6";
    private const string Version = "GLIBCXX_3.4.32";
    private const ushort WeakFlag = 0x2; // VER_FLG_WEAK
    private const uint VersionNeedsSection = 0x6ffffffe; // SHT_GNU_verneed
    private const int SectionHeaderSize = 64;
    private const int NeedSize = 16;
    private const int AuxSize = 16;

    /// <summary>Sets the weak flag in <paramref name="image"/>, a whole ELF file, in place.</summary>
    public static WeakenOutcome Weaken(byte[] image)
    {
        if (!IsElf64LittleEndian(image))
        {
            return WeakenOutcome.NotElf64;
        }

        try
        {
            return WeakenElf(new Reader(image));
        }
        catch (OutOfFileException)
        {
            return WeakenOutcome.Damaged;
        }
    }

    private static bool IsElf64LittleEndian(byte[] image) =>
        image.Length >= 6 && image[0] == 0x7f && image[1] == 'E' && image[2] == 'L' && image[3] == 'F'
        && image[4] == 2 && image[5] == 1;

    private static WeakenOutcome WeakenElf(Reader elf)
    {
        ulong sections = elf.UInt64(0x28); // e_shoff
        uint sectionSize = elf.UInt16(0x3a); // e_shentsize
        uint sectionCount = elf.UInt16(0x3c); // e_shnum
        if (sections == 0 || sectionCount == 0)
        {
            return WeakenOutcome.NotRequired;
        }

        if (sectionSize < SectionHeaderSize)
        {
            throw new OutOfFileException();
        }

        for (uint i = 0; i < sectionCount; i++)
        {
            ulong header = sections + ((ulong)i * sectionSize);
            if (elf.UInt32(header + 0x04) == VersionNeedsSection)
            {
                uint strings = elf.UInt32(header + 0x28); // sh_link
                if (strings >= sectionCount)
                {
                    throw new OutOfFileException();
                }

                return WeakenNeeds(elf, header, sections + ((ulong)strings * sectionSize));
            }
        }

        return WeakenOutcome.NotRequired;
    }

    private static WeakenOutcome WeakenNeeds(Reader elf, ulong needsHeader, ulong stringsHeader)
    {
        Reader needs = elf.Section(needsHeader);
        Reader strings = elf.Section(stringsHeader);
        uint needCount = elf.UInt32(needsHeader + 0x2c); // sh_info
        ulong need = 0;
        for (uint i = 0; i < needCount; i++)
        {
            needs.Require(need, NeedSize);
            if (strings.TextEquals(needs.UInt32(need + 4), Library)) // vn_file
            {
                WeakenOutcome outcome = WeakenAuxiliaries(needs, strings, need);
                if (outcome != WeakenOutcome.NotRequired)
                {
                    return outcome;
                }
            }

            uint next = needs.UInt32(need + 12); // vn_next
            if (next == 0)
            {
                break;
            }

            need += next;
        }

        return WeakenOutcome.NotRequired;
    }

    private static WeakenOutcome WeakenAuxiliaries(Reader needs, Reader strings, ulong need)
    {
        uint count = needs.UInt16(need + 2); // vn_cnt
        ulong aux = need + needs.UInt32(need + 8); // vn_aux
        for (uint i = 0; i < count; i++)
        {
            needs.Require(aux, AuxSize);
            if (strings.TextEquals(needs.UInt32(aux + 8), Version)) // vna_name
            {
                ushort flags = needs.UInt16(aux + 4); // vna_flags
                if ((flags & WeakFlag) != 0)
                {
                    return WeakenOutcome.AlreadyWeak;
                }

                needs.SetUInt16(aux + 4, (ushort)(flags | WeakFlag));
                return WeakenOutcome.Weakened;
            }

            uint next = needs.UInt32(aux + 12); // vna_next
            if (next == 0)
            {
                break;
            }

            aux += next;
        }

        return WeakenOutcome.NotRequired;
    }

    private sealed class OutOfFileException : System.Exception
    {
    }

    /// <summary>A stretch of the file, little-endian; every access outside it throws.</summary>
    private readonly struct Reader
    {
        private readonly byte[] _image;
        private readonly ulong _start;
        private readonly ulong _length;

        public Reader(byte[] image)
            : this(image, 0, (ulong)image.Length)
        {
        }

        private Reader(byte[] image, ulong start, ulong length)
        {
            _image = image;
            _start = start;
            _length = length;
        }

        public Reader Section(ulong header)
        {
            ulong offset = UInt64(header + 0x18); // sh_offset
            ulong size = UInt64(header + 0x20); // sh_size
            Require(offset, size);
            return new Reader(_image, offset, size);
        }

        public void Require(ulong offset, ulong size)
        {
            if (offset > _length || size > _length - offset)
            {
                throw new OutOfFileException();
            }
        }

        public ushort UInt16(ulong offset) => (ushort)Number(offset, 2);

        public uint UInt32(ulong offset) => (uint)Number(offset, 4);

        public ulong UInt64(ulong offset) => Number(offset, 8);

        public void SetUInt16(ulong offset, ushort value)
        {
            Require(offset, 2);
            _image[_start + offset] = (byte)value;
            _image[_start + offset + 1] = (byte)(value >> 8);
        }

        public bool TextEquals(ulong offset, string text)
        {
            byte[] expected = Encoding.ASCII.GetBytes(text + '\0');
            Require(offset, 1);
            for (int i = 0; i < expected.Length; i++)
            {
                ulong position = offset + (ulong)i;
                if (position >= _length || _image[_start + position] != expected[i])
                {
                    return false;
                }
            }

            return true;
        }

        private ulong Number(ulong offset, int bytes)
        {
            Require(offset, (ulong)bytes);
            ulong value = 0;
            for (int i = bytes - 1; i >= 0; i--)
            {
                value = (value << 8) | _image[_start + offset + (ulong)i];
            }

            return value;
        }
    }
}

#if !NET // The tests compile this file for .NET without MSBuild's assemblies; the inline task factory defines no NET.
/// <summary>Writes a copy of <see cref="Source"/> with the flag set to <see cref="Destination"/>.</summary>
public sealed class WeakenLibstdcxxVersion : Microsoft.Build.Utilities.Task
{
    [Microsoft.Build.Framework.Required]
    public string Source { get; set; } = "";

    [Microsoft.Build.Framework.Required]
    public string Destination { get; set; } = "";

    public override bool Execute()
    {
        byte[] image = System.IO.File.ReadAllBytes(Source);
        WeakenOutcome outcome = LibstdcxxVersion.Weaken(image);
        if (outcome == WeakenOutcome.Weakened)
        {
            Log.LogMessage(
                Microsoft.Build.Framework.MessageImportance.High,
                "Costate: " + System.IO.Path.GetFileName(Source)
                + " will load with libstdc++ older than GCC 13.2 (GLIBCXX_3.4.32 marked weak in the output's copy).");
        }
        else if (outcome == WeakenOutcome.Damaged)
        {
            Log.LogWarning("Costate: {0} is a damaged ELF file; it is copied as it is.", Source);
        }

        // Renamed into place, so that an interrupted build leaves no half-written file that looks up to date.
        string temporary = Destination + "." + System.Guid.NewGuid().ToString("N");
        System.IO.Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Destination)!);
        System.IO.File.WriteAllBytes(temporary, image);
        System.IO.File.Delete(Destination);
        System.IO.File.Move(temporary, Destination);
        return !Log.HasLoggedErrors;
    }
}
#endif
