using System.Security.Cryptography;
using System.Text.Json;
using Costate.Faces.Reports;

namespace Costate.Faces.Recognition;

/// <summary>The thresholds of recognisers, kept in a file beside their weights.</summary>
internal sealed record Calibration
{
    internal const string FileName = "recognisers.json";

    /// <summary>The false match rate that thresholds are for.</summary>
    public required double FalseMatchRate { get; init; }

    /// <summary>Identity seed of the first person shown; the others follow. Nothing was trained on them.</summary>
    public required ulong FirstIdentity { get; init; }

    public required int Identities { get; init; }

    public required int PicturesOfEach { get; init; }

    public required long ImpostorPairs { get; init; }

    public required long GenuinePairs { get; init; }

    public required IReadOnlyList<CalibratedRecogniser> Recognisers { get; init; }

    private static string Cure(string folder) =>
        $"Measure them by costate evaluate recognisers, with {folder} as the folder of weights and of the output.";

    /// <summary>The thresholds in a folder of weights.</summary>
    /// <exception cref="InvalidDataException">The file is missing or not such a file.</exception>
    internal static Calibration Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            throw new InvalidDataException($"There is no '{path}', which holds the thresholds of the recognisers. {Cure(folder)}");
        }

        try
        {
            return JsonReport.Read<Calibration>(path);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"'{path}' does not hold thresholds of recognisers: {e.Message.Split('\n')[0].Trim()} {Cure(folder)}",
                e);
        }
    }

    /// <summary>The entry of the recogniser in a file.</summary>
    /// <exception cref="InvalidDataException">There is none, or it was measured on other weights.</exception>
    internal CalibratedRecogniser Of(string name, string path)
    {
        string folder = Path.GetDirectoryName(path)!;
        CalibratedRecogniser found = Recognisers.FirstOrDefault(r => r.Name == name)
            ?? throw new InvalidDataException(
                $"'{Path.Combine(folder, FileName)}' has no threshold of the recogniser {name}. {Cure(folder)}");
        return found.Sha256 == Digest(path) && double.IsFinite(found.Threshold)
            ? found
            : throw new InvalidDataException(
                $"The threshold of {name} in '{Path.Combine(folder, FileName)}' was measured on other weights than those in '{path}'. "
                    + $"{Cure(folder)}");
    }

    /// <summary>What tells a file of weights from others.</summary>
    internal static string Digest(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
