using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Costate.Faces.Pictures;
using Costate.Studio.Access;
using Microsoft.AspNetCore.Http;
using SkiaSharp;

namespace Costate.Studio.Uploads;

/// <summary>
/// Files that were sent, each under a name made of its own bytes: what its sender calls it is never looked at, and what is sent twice is
/// there once.
/// </summary>
internal sealed partial class UploadStore : IDisposable
{
    // Of SHA-256, in hexadecimal: 128 bits.
    private const int NameLength = 32;

    private readonly string folder;
    private readonly StudioLimits limits;
    private readonly Func<long> bytesOfAll;
    private readonly ConcurrentDictionary<string, UploadKind> kept = [];

    // One picture is decoded at a time, whoever sends how many.
    private readonly SemaphoreSlim looking = new(1);

    /// <summary>Opens the folder, and finds what is there.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="limits">How much it takes.</param>
    /// <param name="bytesOfAll">The bytes of all that the studio keeps.</param>
    internal UploadStore(string folder, StudioLimits limits, Func<long> bytesOfAll)
    {
        (this.folder, this.limits, this.bytesOfAll) = (Path.GetFullPath(folder), limits, bytesOfAll);
        Directory.CreateDirectory(folder);
        foreach (string path in Directory.EnumerateFiles(folder))
        {
            string name = Path.GetFileName(path);
            if (Name().IsMatch(name))
            {
                kept[name] = name.EndsWith(".pt", StringComparison.Ordinal) ? UploadKind.Program : UploadKind.Picture;
            }
            else
            {
                // What a process that was killed was receiving.
                File.Delete(path);
            }
        }
    }

    /// <summary>Whether there is such a file.</summary>
    internal bool Has(string name, UploadKind kind) => kept.TryGetValue(name, out UploadKind its) && its == kind;

    /// <summary>Where a file is that is there.</summary>
    /// <exception cref="RefusedException">There is none of that name.</exception>
    internal string PathOf(string name) => kept.ContainsKey(name) ? Path.Combine(folder, name)
        : throw new RefusedException(StatusCodes.Status404NotFound, "There is no such upload.");

    /// <summary>Receives a file, and returns the name that it has from now on.</summary>
    /// <exception cref="RefusedException">It is too large, or not what it should be.</exception>
    internal async Task<string> Receive(Stream body, UploadKind kind, CancellationToken cancellationToken)
    {
        string incoming = Path.Combine(folder, $"{Guid.NewGuid():N}.incoming");
        try
        {
            await Write(body, incoming, cancellationToken);
            await looking.WaitAsync(cancellationToken);
            try
            {
                return Keep(incoming, kind);
            }
            finally
            {
                looking.Release();
            }
        }
        finally
        {
            File.Delete(incoming);
        }
    }

    public void Dispose() => looking.Dispose();

    private async Task Write(Stream body, string path, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[1 << 16];
        long total = 0;
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        for (int read; (read = await body.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            total += read;
            if (total > limits.UploadBytes)
            {
                throw new RefusedException(
                    StatusCodes.Status413PayloadTooLarge, $"Got a file of more than {limits.UploadBytes} bytes; expected at most as many.");
            }

            await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    private string Keep(string incoming, UploadKind kind)
    {
        byte[] bytes = File.ReadAllBytes(incoming);
        string ending = kind == UploadKind.Picture ? Looked(bytes) : Program(bytes);
        string name = $"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..NameLength]}.{ending}";
        if (kept.ContainsKey(name))
        {
            return name;
        }

        if (kept.Count >= limits.Uploads || bytesOfAll() > limits.FolderBytes)
        {
            throw new RefusedException(
                StatusCodes.Status507InsufficientStorage, "The work folder is full. Delete jobs, or start with another folder.");
        }

        File.Move(incoming, Path.Combine(folder, name), overwrite: true);
        kept[name] = kind;
        return name;
    }

    // Read as the tool reads it, so that what is kept is a picture.
    private string Looked(byte[] bytes)
    {
        if (!EncodedPicture.IsPicture(bytes))
        {
            throw Unusable($"Got a file that is no picture; expected {EncodedPicture.Formats}.");
        }

        try
        {
            using var picture = new EncodedPicture("a picture", bytes);
            if ((long)picture.Width * picture.Height > limits.Pixels)
            {
                throw Unusable(
                    $"Got a picture of {picture.Width} x {picture.Height} pixels; expected at most {limits.Pixels} in all. "
                        + "Make it smaller first.");
            }

            using SKBitmap decoded = picture.Decode();
        }
        catch (InvalidDataException e)
        {
            throw Unusable(e.Message);
        }

        return bytes[0] switch { 0x89 => "png", 0xFF => "jpg", _ => "webp" };
    }

    // An archive, as torch.jit.save writes it. What is in it is code: nothing tells whether it does good.
    private static string Program(byte[] bytes) => bytes.AsSpan().StartsWith("PK\x03\x04"u8)
        ? "pt"
        : throw Unusable("Got a file that is no TorchScript archive; expected one as torch.jit.save writes it.");

    private static RefusedException Unusable(string why) => new(StatusCodes.Status415UnsupportedMediaType, why);

    [GeneratedRegex("^[0-9a-f]{32}[.](png|jpg|webp|pt)$")]
    private static partial Regex Name();
}
