using Costate.Faces.Pictures;

namespace Costate.Faces.Inputs;

/// <summary>The files that a user names for one run; <c>-</c> is the standard input, which can be read once.</summary>
/// <remarks>
/// What is named may be a pipe: opening one waits for somebody to write, and nothing interrupts that. So it happens on a thread that is
/// left behind, with the process, when the user gives up.
/// </remarks>
/// <param name="standardInput">Opens the standard input.</param>
/// <param name="cancellationToken">Whether the user has given up.</param>
internal sealed class InputFiles(Func<Stream> standardInput, CancellationToken cancellationToken)
{
    /// <summary>The name of the standard input.</summary>
    internal const string StandardInput = "-";

    // More than the largest picture that is decoded takes without any compression.
    private const int MaxBytes = 1 << 28;

    private bool standardInputWasRead;

    /// <summary>Whether the user has given up.</summary>
    internal CancellationToken Cancellation => cancellationToken;

    /// <summary>The bytes of a picture.</summary>
    /// <param name="what">What messages call it: "the picture", or the option that names it.</param>
    /// <param name="path">As the user gave it.</param>
    /// <exception cref="InvalidDataException">There is no such file, or it is no picture.</exception>
    internal byte[] Picture(string what, string path)
    {
        if (path != StandardInput && !File.Exists(path))
        {
            throw new InvalidDataException(
                $"Got {what} {path}: {(Directory.Exists(path) ? "it is a folder" : "there is no such file")}; "
                    + $"expected a {EncodedPicture.Formats} file.");
        }

        return PictureOrNull(what, path) ?? throw NoPicture(what, path);
    }

    /// <summary>The bytes of a picture, or null if this is another file.</summary>
    /// <exception cref="InvalidDataException">It is a pipe of something else, or a picture of too many bytes.</exception>
    internal byte[]? PictureOrNull(string what, string path)
    {
        if (path != StandardInput)
        {
            return Cancellable.Run(() => ReadPicture(what, path, File.OpenRead(path)), Cancellation);
        }

        if (standardInputWasRead)
        {
            throw new InvalidDataException(
                $"Got {what} -, but the standard input was read for another already; expected - for one picture at most. Name a file.");
        }

        standardInputWasRead = true;
        return Cancellable.Run(() => ReadPicture(what, path, standardInput()), Cancellation);
    }

    /// <summary>Refuses what can only be read from its start to its end.</summary>
    /// <exception cref="InvalidDataException">It is a pipe or a device.</exception>
    internal void RefusePipe(string what, string path)
    {
        bool isFile = Cancellable.Run(
            () =>
            {
                using FileStream stream = File.OpenRead(path);
                return stream.CanSeek;
            },
            Cancellation);
        if (!isFile)
        {
            throw new InvalidDataException($"Got {what} {path}, which is a pipe or a device; expected a file. Write it to one first.");
        }
    }

    private static byte[]? ReadPicture(string what, string path, Stream opened)
    {
        using Stream stream = opened;
        byte[] start = new byte[EncodedPicture.StartBytes];
        int read = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        if (!EncodedPicture.IsPicture(start.AsSpan(0, read)))
        {
            return stream.CanSeek ? null : throw NoPicture(what, path);
        }

        using var all = new MemoryStream();
        all.Write(start, 0, read);
        byte[] buffer = new byte[1 << 16];
        while ((read = stream.Read(buffer)) > 0)
        {
            all.Write(buffer, 0, read);
            if (all.Length > MaxBytes)
            {
                throw new InvalidDataException(
                    $"Got {what} {path} of more than {MaxBytes} bytes; expected at most as many. Make it smaller first.");
            }
        }

        return all.ToArray();
    }

    private static InvalidDataException NoPicture(string what, string path) =>
        new(
            $"Got {what} {path}: it is neither {EncodedPicture.Formats.Replace(" or", " nor", StringComparison.Ordinal)}; "
                + "expected one of them. Convert it first.");
}
