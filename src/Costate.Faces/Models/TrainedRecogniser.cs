using System.Globalization;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using Costate.Networks;

namespace Costate.Faces.Models;

/// <summary>What a recogniser's file says it was trained with.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="File">Its file in the folder of weights.</param>
/// <param name="Sha256">Of the file.</param>
/// <param name="Loss">That of its training.</param>
/// <param name="Width">Of the network.</param>
/// <param name="Seed">Of its training.</param>
/// <param name="Steps">Of its training.</param>
internal sealed record TrainedRecogniser(string Name, string File, string Sha256, string Loss, int Width, ulong Seed, long Steps)
{
    /// <summary>That of a file.</summary>
    /// <exception cref="InvalidDataException">The file does not say it.</exception>
    internal static TrainedRecogniser Of(string name, string folder, FaceRecogniserConfig config)
    {
        string path = Path.Combine(folder, EmbeddedRecogniser.FileOf(name));
        using SafetensorsFile file = SafetensorsFile.Open(path);
        string Told(string key) => file.Metadata.GetValueOrDefault(key)
            ?? throw new InvalidDataException($"'{path}' does not say its {key}; expected a file that costate train recogniser wrote.");
        T Number<T>(string key)
            where T : struct, IParsable<T> => T.TryParse(Told(key), CultureInfo.InvariantCulture, out T value)
            ? value
                : throw new InvalidDataException(
                    $"'{path}' says as its {key} '{ErrorText.Shorten(Told(key))}'; expected a number, "
                        + "as costate train recogniser writes it.");
        return new TrainedRecogniser(
            name,
            Path.GetFileName(path),
            Calibration.Digest(path),
            ErrorText.Shorten(Told("loss")),
            config.Width,
            Number<ulong>("seed"),
            Number<long>("steps"));
    }

    /// <summary>That which <see cref="Describe"/> has told.</summary>
    /// <exception cref="InvalidDataException">It is not all there, or not as it was told.</exception>
    internal static TrainedRecogniser Of(string name, IReadOnlyDictionary<string, Setting> described)
    {
        return new TrainedRecogniser(
            name,
            Told<string>("file"),
            Told<string>("sha256"),
            Told<string>("loss"),
            Told<int>("width"),
            Told<ulong>("seed"),
            Told<long>("steps"));

        T Told<T>(string what)
            where T : IParsable<T> =>
            described.TryGetValue($"{name}.{what}", out Setting? told) && T.TryParse(told.Text, CultureInfo.InvariantCulture, out T? value)
                ? value
                : throw new InvalidDataException(
                    $"The settings of the embeddings do not say {name}.{what}, or not as costate evaluate recognisers writes it.");
    }

    /// <summary>By name.</summary>
    internal IEnumerable<(string Name, Setting? Value)> Describe() =>
    [
        ($"{Name}.file", File),
        ($"{Name}.sha256", Sha256),
        ($"{Name}.loss", Loss),
        ($"{Name}.width", (int?)Width),
        ($"{Name}.seed", (ulong?)Seed),
        ($"{Name}.steps", (ulong?)Steps),
    ];

    /// <summary>With its threshold for a false match rate, and how good it is there.</summary>
    internal CalibratedRecogniser Calibrated(MatchScores scores, double falseMatchRate)
    {
        double threshold = scores.Threshold(falseMatchRate);
        (double lowest, double highest) = scores.TrueMatchRateInterval(threshold);
        return new CalibratedRecogniser
        {
            Name = Name,
            File = File,
            Sha256 = Sha256,
            Loss = Loss,
            Width = Width,
            Seed = Seed,
            Steps = Steps,
            Threshold = threshold,
            FalseMatchRate = scores.FalseMatchRate(threshold),
            TrueMatchRate = scores.TrueMatchRate(threshold),
            TrueMatchRateInterval = [Math.Round(lowest, 5), Math.Round(highest, 5)],
        };
    }
}
