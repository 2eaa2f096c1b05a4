using System.Security.Cryptography;
using System.Text;
using Costate.Faces.Morphs;

namespace Costate.Experiments.Batches;

/// <summary>What the folder of a pair is called, beside the files of the whole batch.</summary>
internal static class PairName
{
    private const int MaxBytes = 200;
    private const int HexDigits = 12;
    private const string Odd = "/\\:*?\"<>|";

    // What no file may be called on Windows, with any ending.
    private static readonly string[] Devices =
    [
        "CON",
        "PRN",
        "AUX",
        "NUL",
        .. Enumerable.Range(0, 10).SelectMany(i => (string[])[$"COM{i}", $"LPT{i}"]),
    ];

    /// <summary>
    /// What is wrong with a name, as the end of a sentence that begins with "expected"; null if a folder may be called so on every system.
    /// </summary>
    internal static string? Expected(string name) =>
        MorphBatchFiles.All.Contains(name, StringComparer.OrdinalIgnoreCase)
            ? $"another, since {string.Join(", ", MorphBatchFiles.All)} are files of the whole batch"
        : name.Any(char.IsControl)
        || name.AsSpan().IndexOfAny(Odd) >= 0
        || name.StartsWith('.')
        || name.EndsWith('.')
        || Encoding.UTF8.GetByteCount(name) > MaxBytes
            ? $"one that a folder can have everywhere: at most {MaxBytes} bytes, none of {Odd}, no point at its start or end"
        : Devices.Contains(name.Split('.')[0].TrimEnd(), StringComparer.OrdinalIgnoreCase) ? "another, which is no device of Windows"
        : null;

    /// <summary>
    /// The name of a pair that has none, from its pictures alone: wherever it stands in the file, and whatever they are called, it is found
    /// again.
    /// </summary>
    internal static string Of(FacePicture a, FacePicture b) =>
        $"pair-{Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes($"{a.Sha256} {b.Sha256}")))[..HexDigits]}";
}
