using System.IO.Compression;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Loads a TorchScript archive, refusing what is not one before the native reader sees it.</summary>
internal static class TorchScriptFile
{
    // Of every byte, by the polynomial of CRC-32 that zip archives use, lowest power first.
    private static readonly uint[] Remainders = [.. Enumerable.Range(0, 256).Select(value => Enumerable.Range(0, 8).Aggregate(
        (uint)value, (remainder, _) => (remainder & 1) == 0 ? remainder >> 1 : (remainder >> 1) ^ 0xEDB88320))];

    internal static jit.ScriptModule Load(string path, Device device)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no TorchScript file '{path}'.", path);
        }

        if (!HoldsProgram(path))
        {
            throw new InvalidDataException(
                $"'{path}' is not a TorchScript file: it is no undamaged zip archive with a program in it. "
                    + "Write one with torch.jit.save; a pickled state_dict or a safetensors file holds weights alone.");
        }

        jit.ScriptModule script;
        try
        {
            script = jit.load(path, device.type, device.index);
        }
        catch (ExternalException e)
        {
            throw new InvalidDataException($"'{path}' could not be loaded as TorchScript: {e.Message.Split('\n')[0]}", e);
        }

        script.eval();
        foreach ((string _, TorchSharp.Modules.Parameter parameter) in script.named_parameters())
        {
            parameter.requires_grad_(false);
        }

        return script;
    }

    // The native reader ends the process on a program that it cannot compile, which is what a damaged file looks like to it. So every
    // checksum is tested first.
    private static bool HoldsProgram(string path)
    {
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            return archive.Entries.Any(e => e.FullName.EndsWith("/constants.pkl", StringComparison.Ordinal))
                && archive.Entries.Any(e => e.FullName.Contains("/code/", StringComparison.Ordinal))
                && archive.Entries.All(IsUndamaged);
        }
        catch (Exception e) when (e is InvalidDataException or IOException or ArgumentException or NotSupportedException)
        {
            return false;
        }
    }

    private static bool IsUndamaged(ZipArchiveEntry entry)
    {
        uint checksum = ~0u;
        byte[] buffer = new byte[1 << 16];
        using Stream stream = entry.Open();
        long length = 0;
        for (int read = stream.Read(buffer); read > 0 && length <= entry.Length; read = stream.Read(buffer))
        {
            foreach (byte value in buffer.AsSpan(0, read))
            {
                checksum = Remainders[(byte)(checksum ^ value)] ^ (checksum >> 8);
            }

            length += read;
        }

        return length == entry.Length && ~checksum == entry.Crc32;
    }
}
