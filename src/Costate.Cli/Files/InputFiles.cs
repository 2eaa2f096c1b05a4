using Costate.Cli.Terminals;
using Costate.Faces;
using Costate.Faces.Pictures;

namespace Costate.Cli.Files;

/// <summary>The files that the user names for one run of a command; <c>-</c> is the standard input, which can be read once.</summary>
/// <remarks>
/// What is named may be a pipe: opening one waits for somebody to write, and nothing interrupts that. So it happens on a thread that is
/// left behind, with the process, when the user gives up.
/// </remarks>
internal sealed class InputFiles(Terminal terminal, CancellationToken cancellationToken)
{
    /// <summary>The name of the standard input.</summary>
    internal const string StandardInput = "-";

    // More than the largest picture that is decoded takes without any compression.
    private const int MaxBytes = 1 << 28;

    private bool standardInputWasRead;

    /// <summary>Whether the user has given up.</summary>
    internal CancellationToken Cancellation => cancellationToken;

    /// <summary>The bytes of a picture.</summary>
    /// <param name="what">What it is: "the picture", or an option.</param>
    /// <param name="path">As the user gave it.</param>
    /// <exception cref="CommandException">There is no such file, or it is no picture.</exception>
    internal byte[] Picture(string what, string path)
    {
        if (path != StandardInput && !File.Exists(path))
        {
            throw new CommandException(
                $"Got {what} {path}: {(Directory.Exists(path) ? "it is a folder" : "there is no such file")}; "
                    + $"expected a {EncodedPicture.Formats} file.");
        }

        return PictureOrNull(what, path) ?? throw NoPicture(what, path);
    }

    /// <summary>The bytes of a picture, or null if this is another file.</summary>
    /// <exception cref="CommandException">It is a pipe of something else, or a picture of too many bytes.</exception>
    internal byte[]? PictureOrNull(string what, string path)
    {
        if (path != StandardInput)
        {
            return Cancellable.Run(() => ReadPicture(what, path, File.OpenRead(path)), Cancellation);
        }

        if (standardInputWasRead)
        {
            throw new CommandException(
                $"Got {what} -, but the standard input was read for another already; expected - for one picture at most. Name a file.");
        }

        standardInputWasRead = true;
        return Cancellable.Run(() => ReadPicture(what, path, terminal.Input()), Cancellation);
    }

    /// <summary>Refuses what can only be read from its start to its end.</summary>
    /// <exception cref="CommandException">It is a pipe or a device.</exception>
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
            throw new CommandException($"Got {what} {path}, which is a pipe or a device; expected a file. Write it to one first.");
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
                throw new CommandException(
                    $"Got {what} {path} of more than {MaxBytes} bytes; expected at most as many. Make it smaller first.");
            }
        }

        return all.ToArray();
    }

    private static CommandException NoPicture(string what, string path) =>
        new(
            $"Got {what} {path}: it is neither {EncodedPicture.Formats.Replace(" or", " nor", StringComparison.Ordinal)}; "
                + "expected one of them. Convert it first.");
}
