using Costate.Experiments.Plots;
using Costate.Faces;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Pairs;

/// <summary>
/// Looks among drawn people for pairs that show what the optimisation is for: no judge takes the blend for both, all take the morph, the
/// loss falls from the start, and the morph wears nothing that neither wears.
/// </summary>
internal sealed class PairSearch(FaceModel model, MorphSettings settings, IProgress<StageProgress>? progress)
{
    /// <summary>The loss must fall in so many iterations from the start.</summary>
    internal const int Falling = 2;

    private const int Group = 8;

    private readonly MorphRun morphing = new(model, settings);
    private readonly MorphRun beginning = new(
        model,
        settings with
        {
            Optimisation = settings.Optimisation with { Iterations = Math.Min(Falling, settings.Optimisation.Iterations) },
        });

    /// <summary>Searches.</summary>
    /// <param name="people">How many to draw.</param>
    /// <param name="first">Identity of the first.</param>
    /// <param name="tries">How many of the refused blends whose losses fall, those with the lowest then, are optimised to the end.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>The report without files, and what was tried as pictures, in the caller's scope.</returns>
    internal (PairSearchReport Report, IReadOnlyList<CaptionedPicture> Pictures) Run(
        int people,
        ulong first,
        int tries,
        CancellationToken cancellationToken)
    {
        (ulong A, ulong B)[] pairs = Candidates([.. Enumerable.Range(0, people).Select(i => first + (ulong)i)]);
        ((ulong A, ulong B) Pair, IReadOnlyList<double> Losses)[] refused =
        [
            .. Begin(pairs, cancellationToken)
                .Where(p => p.Blend.Recognisers.All(r => !r.Judges || !r.Accepted))
                .Select(p => (p.Pair, p.Losses)),
        ];
        ((ulong A, ulong B) Pair, IReadOnlyList<double> Losses)[] falling =
        [
            .. refused.Where(p => Falls(p.Losses)).OrderBy(p => p.Losses[^1]),
        ];
        FaceFeatures features = FaceFeatures.Fit(model.Model, cancellationToken);
        var pictures = new List<CaptionedPicture>();
        IReadOnlyList<PairFinding> tried = Optimise([.. falling.Take(tries).Select(p => p.Pair)], features, pictures, cancellationToken);
        var report = new PairSearchReport
        {
            Settings = settings.Describe(model.Model),
            People = people,
            FirstIdentity = first,
            Pairs = pairs.Length,
            RefusedBlends = refused.Length,
            Falling = falling.Length,
            FeatureAccuracy = features.Accuracy(cancellationToken),
            Tried = tried,
            Chosen = tried.Where(f => f.Faults.Count == 0).MinBy(f => f.Losses.Min()),
            Files = [],
        };
        return (report, pictures);
    }

    /// <summary>A person's picture as a file.</summary>
    internal static byte[] Portrait(ulong identity, int side)
    {
        using SKBitmap portrait = DrawnFaces.Draw(identity, 0, side);
        using SKData png = portrait.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }

    /// <summary>
    /// All pairs who wear their hair alike, and neither of them anything in the face: what a morph then wears it has from nobody.
    /// </summary>
    internal static (ulong A, ulong B)[] Candidates(IReadOnlyList<ulong> people) =>
    [
        .. people.Where(identity => FaceFeatures.All.All(f => !f.Has(identity)))
            .GroupBy(identity => FaceIdentity.FromSeed(identity).Hair)
            .SelectMany(alike => alike.SelectMany((a, i) => alike.Skip(i + 1).Select(b => (a, b)))),
    ];

    // The blends and the first iterations, which say already that most pairs will not do.
    private List<((ulong A, ulong B) Pair, MorphBlend Blend, IReadOnlyList<double> Losses)> Begin(
        (ulong A, ulong B)[] pairs,
        CancellationToken cancellationToken)
    {
        progress?.Report(new StageProgress("beginning", 0));
        var begun = new List<((ulong A, ulong B) Pair, MorphBlend Blend, IReadOnlyList<double> Losses)>();
        foreach ((ulong A, ulong B)[] group in pairs.Chunk(Group))
        {
            using DisposeScope scope = NewDisposeScope();
            IReadOnlyList<MorphOutcome> outcomes = beginning.Run(
                Faces(group),
                (done, _) => progress?.Report(new StageProgress("beginning", (begun.Count + (done * group.Length)) / pairs.Length)),
                cancellationToken);
            begun.AddRange(group.Zip(outcomes, (pair, outcome) => (pair, outcome.Blend, outcome.Losses)));
        }

        return begun;
    }

    private static bool Falls(IReadOnlyList<double> losses) => losses.Zip(losses.Skip(1)).Take(Falling).All(l => l.Second < l.First);

    private List<PairFinding> Optimise(
        (ulong A, ulong B)[] pairs,
        FaceFeatures features,
        List<CaptionedPicture> pictures,
        CancellationToken cancellationToken)
    {
        progress?.Report(new StageProgress("morphing", 0));
        var findings = new List<PairFinding>();
        foreach ((ulong A, ulong B)[] group in pairs.Chunk(Group))
        {
            IReadOnlyList<MorphOutcome> outcomes = morphing.Run(
                Faces(group),
                (done, loss) =>
                    progress?.Report(
                        new StageProgress(
                            "morphing",
                            (findings.Count + (done * group.Length)) / pairs.Length,
                            loss is double l ? $"loss {l:0.000}" : "")
                        {
                            Loss = loss,
                        }),
                cancellationToken);
            foreach (((ulong a, ulong b), MorphOutcome outcome) in group.Zip(outcomes))
            {
                IReadOnlyDictionary<string, double> worn = features.Of(outcome.Morph.unsqueeze(0), cancellationToken)[0];
                var finding = new PairFinding
                {
                    A = a,
                    B = b,
                    Blend = outcome.Blend,
                    Recognisers = outcome.Similarities,
                    Losses = outcome.Losses,
                    Features = worn,
                    Faults = [.. Faults(outcome.Similarities, outcome.Losses, worn)],
                };
                findings.Add(finding);
                string[] verdict = finding.Faults.Count == 0 ? ["shows it"] : [string.Join(", ", finding.Faults)];
                pictures.AddRange([
                    new(outcome.A, [$"{a}", .. verdict]),
                    MorphStrip.BlendOf(outcome),
                    MorphStrip.MorphOf(outcome),
                    new(outcome.B, $"{b}"),
                ]);
            }
        }

        return findings;
    }

    /// <summary>Why a pair, whose blend no judge takes for both, shows nothing.</summary>
    internal static IEnumerable<string> Faults(
        IReadOnlyList<MorphSimilarity> recognisers,
        IReadOnlyList<double> losses,
        IReadOnlyDictionary<string, double> worn)
    {
        if (recognisers.Any(r => !r.Accepted))
        {
            yield return "refused";
        }

        if (!Falls(losses))
        {
            yield return "rises";
        }

        foreach ((string name, _) in worn.Where(w => w.Value > 0))
        {
            yield return name;
        }
    }

    private IReadOnlyList<(FacePicture A, FacePicture B)> Faces((ulong A, ulong B)[] pairs) =>
        [.. pairs.Select(p => (Face(p.A), Face(p.B)))];

    private FacePicture Face(ulong identity) => FacePicture.Read($"{identity}", Portrait(identity, model.Side), model.Side);
}
