using System.Text;

namespace Costate.Faces.Inputs;

/// <summary>Texts in a file that a user names, one a line.</summary>
internal static class TextLines
{
    private const int MaxBytes = 1 << 24;

    /// <summary>Reads them; lines without a text are left out.</summary>
    /// <param name="what">What messages call it: the option that names it.</param>
    /// <param name="file">The file, in UTF-8.</param>
    /// <param name="most">How many there may be.</param>
    /// <exception cref="InvalidDataException">There is no such file, or it is no text, or none or too much of it.</exception>
    internal static IReadOnlyList<string> Read(string what, string file, int most)
    {
        if (!File.Exists(file))
        {
            throw new InvalidDataException($"Got {what} {file}: there is no such file; expected texts, one a line.");
        }

        if (new FileInfo(file).Length > MaxBytes)
        {
            throw new InvalidDataException($"Got {what} {file} of more than {MaxBytes} bytes; expected texts, one a line.");
        }

        string[] lines;
        try
        {
            lines = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(File.ReadAllBytes(file)).TrimStart('\uFEFF').Split('\n');
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException(
                $"Got {what} {file}, whose bytes at {e.Index} are no UTF-8; expected texts, one a line. Save it as UTF-8.", e);
        }

        lines = [.. lines.Select(line => line.TrimEnd('\r')).Take(most + 1).Where(line => !string.IsNullOrWhiteSpace(line))];
        return lines.Length > 0 && lines.Length <= most
            ? lines
            : throw new InvalidDataException($"Got {what} {file} with {lines.Length} texts; expected 1 to {most}, one a line.");
    }
}
