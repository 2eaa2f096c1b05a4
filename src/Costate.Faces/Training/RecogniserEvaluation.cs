using System.Globalization;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>All recognisers of a folder on faces of people whom none was trained on.</summary>
/// <param name="Calibration">Their thresholds and true match rates.</param>
/// <param name="Scores">The similarities behind them, in the same order.</param>
internal sealed record RecogniserEvaluation(Calibration Calibration, IReadOnlyList<MatchScores> Scores)
{
    internal const double TargetFalseMatchRate = 1e-3;

    // Apart from the held-out people on whom trainings report how they stand, and from those who are morphed.
    private const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 100_000;
    private const int FacesAtOnce = 64;

    /// <summary>How many pairs of two people's faces there are among so many people.</summary>
    internal static long ImpostorPairs(int identities, int pictures) => (long)identities * (identities - 1) / 2 * pictures * pictures;

    /// <summary>Measures them.</summary>
    /// <param name="folder">The folder of weights.</param>
    /// <param name="identities">How many people.</param>
    /// <param name="pictures">Pictures of each, two or more.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at between batches of faces.</param>
    /// <exception cref="InvalidDataException">Weights are missing, damaged, or of other networks.</exception>
    internal static RecogniserEvaluation Run(
        string folder,
        int identities,
        int pictures,
        Action<double> progress,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        string[] paths = [.. EmbeddedRecogniser.AllNames.Select(name => Path.Combine(folder, EmbeddedRecogniser.FileOf(name)))];
        var networks = new List<FaceRecogniser>();
        try
        {
            networks.AddRange(paths.Select(EmbeddedModel.OpenRecogniser));
            List<Tensor>[] embeddings = Embeddings(networks, identities, pictures, progress, cancellationToken);
            MatchScores[] scores = [.. embeddings.Select(parts => MatchScores.Of(cat(parts, 0), pictures))];
            var calibration = new Calibration
            {
                FalseMatchRate = TargetFalseMatchRate,
                FirstIdentity = FirstIdentity,
                Identities = identities,
                PicturesOfEach = pictures,
                ImpostorPairs = scores[0].ImpostorPairs,
                GenuinePairs = scores[0].GenuinePairs,
                Recognisers =
                [
                    .. EmbeddedRecogniser.AllNames.Select((name, i) => Calibrated(name, paths[i], networks[i].Config, scores[i])),
                ],
            };
            return new RecogniserEvaluation(calibration, scores);
        }
        finally
        {
            networks.ForEach(network => network.Dispose());
        }
    }

    /// <summary>What goes into <see cref="Calibration.FileName"/>.</summary>
    internal string Text => JsonReport.Text(Calibration) + '\n';

    // Each face is drawn once, for all of them.
    private static List<Tensor>[] Embeddings(
        List<FaceRecogniser> networks,
        int identities,
        int pictures,
        Action<double> progress,
        CancellationToken cancellationToken)
    {
        using IDisposable noGraph = no_grad();
        List<Tensor>[] embeddings = [.. networks.Select(_ => new List<Tensor>())];
        int atOnce = Math.Max(1, FacesAtOnce / pictures);
        for (int first = 0; first < identities; first += atOnce)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using Tensor faces = FaceData.HeldOut(Math.Min(atOnce, identities - first), pictures, FirstIdentity + (ulong)first);
            foreach ((FaceRecogniser network, List<Tensor> parts) in networks.Zip(embeddings))
            {
                parts.Add(network.Embed(faces));
            }

            progress((double)Math.Min(identities, first + atOnce) / identities);
        }

        return embeddings;
    }

    private static CalibratedRecogniser Calibrated(string name, string path, FaceRecogniserConfig config, MatchScores scores)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        string Told(string key) => file.Metadata.GetValueOrDefault(key)
            ?? throw new InvalidDataException($"'{path}' does not say its {key}; expected a file that costate train recogniser wrote.");
        T Number<T>(string key)
            where T : struct, IParsable<T> => T.TryParse(Told(key), CultureInfo.InvariantCulture, out T value)
            ? value
                : throw new InvalidDataException(
                    $"'{path}' says as its {key} '{ErrorText.Shorten(Told(key))}'; expected a number, "
                        + "as costate train recogniser writes it.");
        double threshold = scores.Threshold(TargetFalseMatchRate);
        (double lowest, double highest) = scores.TrueMatchRateInterval(threshold);
        return new CalibratedRecogniser
        {
            Name = name,
            File = Path.GetFileName(path),
            Sha256 = Calibration.Digest(path),
            Loss = ErrorText.Shorten(Told("loss")),
            Width = config.Width,
            Seed = Number<ulong>("seed"),
            Steps = Number<long>("steps"),
            Threshold = threshold,
            FalseMatchRate = scores.FalseMatchRate(threshold),
            TrueMatchRate = scores.TrueMatchRate(threshold),
            TrueMatchRateInterval = [Math.Round(lowest, 5), Math.Round(highest, 5)],
        };
    }
}
