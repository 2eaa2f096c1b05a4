using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
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
    /// <param name="device">Where they compute; on the CPU if null.</param>
    /// <exception cref="InvalidDataException">Weights are missing, damaged, or of other networks.</exception>
    internal static RecogniserEvaluation Run(
        string folder,
        int identities,
        int pictures,
        Action<double> progress,
        CancellationToken cancellationToken,
        Device? device = null)
    {
        using DisposeScope scope = NewDisposeScope();
        using var networks = new RecogniserSet(folder, device ?? CPU);
        List<Tensor>[] embeddings = [.. networks.All.Select(_ => new List<Tensor>())];
        foreach (int[] people in Enumerable.Range(0, identities).Chunk(Math.Max(1, FacesAtOnce / pictures)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            foreach ((List<Tensor> parts, Tensor part) in embeddings.Zip(networks.Embed(Faces(people, pictures), cancellationToken)))
            {
                parts.Add(part);
            }

            progress((double)(people[^1] + 1) / identities);
        }

        return Of(networks.All, [.. embeddings.Select(parts => cat(parts, 0))], pictures);
    }

    /// <summary>Of embeddings that were found before.</summary>
    /// <param name="recognisers">Whose.</param>
    /// <param name="embeddings">Of each, [people x pictures, width], one person after the other.</param>
    /// <param name="pictures">Pictures of each person.</param>
    internal static RecogniserEvaluation Of(
        IReadOnlyList<TrainedRecogniser> recognisers, IReadOnlyList<Tensor> embeddings, int pictures)
    {
        MatchScores[] scores = [.. embeddings.Select(each => MatchScores.Of(each, pictures))];
        var calibration = new Calibration
        {
            FalseMatchRate = TargetFalseMatchRate,
            FirstIdentity = FirstIdentity,
            Identities = (int)embeddings[0].shape[0] / pictures,
            PicturesOfEach = pictures,
            ImpostorPairs = scores[0].ImpostorPairs,
            GenuinePairs = scores[0].GenuinePairs,
            Recognisers = [.. recognisers.Zip(scores, (recogniser, its) => recogniser.Calibrated(its, TargetFalseMatchRate))],
        };
        return new RecogniserEvaluation(calibration, scores);
    }

    /// <summary>The pictures of some people, one person after the other.</summary>
    internal static (ulong Identity, ulong Circumstance)[] Faces(IEnumerable<int> people, int pictures) =>
    [
        .. from person in people
           from circumstance in Enumerable.Range(0, pictures)
           select (FirstIdentity + (ulong)person, (ulong)circumstance),
    ];

    /// <summary>What goes into <see cref="Calibration.FileName"/>.</summary>
    internal string Text => JsonReport.Text(Calibration) + '\n';
}
