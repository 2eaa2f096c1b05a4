using Costate.Cli.Faces;
using Costate.Cli.Output;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Morphs;

/// <summary>
/// Looks among drawn people for pairs that show what the optimisation is for: no judge takes the blend for both, all take the morph, the loss falls
/// from the start, and the morph wears nothing that neither wears.
/// </summary>
internal sealed class PairSearch(MorphModel model, MorphSettings settings, Terminal terminal)
{
    /// <summary>The loss must fall in so many iterations from the start.</summary>
    internal const int Falling = 5;

    private const int Group = 8;

    private readonly MorphRun morphing = new(model, settings);
    private readonly MorphRun blending = new(model, settings with { Optimisation = settings.Optimisation with { Iterations = 0 } });

    /// <summary>Searches.</summary>
    /// <param name="people">How many to draw.</param>
    /// <param name="first">Identity of the first.</param>
    /// <param name="tries">How many of the refused blends, those with the lowest losses, are optimised.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>The report without files, and what was tried as pictures, in the caller's scope.</returns>
    internal (PairSearchReport Report, IReadOnlyList<CaptionedPicture> Pictures) Run(int people, ulong first, int tries, CancellationToken cancellationToken)
    {
        (ulong A, ulong B)[] pairs = Candidates([.. Enumerable.Range(0, people).Select(i => first + (ulong)i)]);
        MorphBlend[] blends = Blend(pairs, cancellationToken);
        (ulong A, ulong B)[] refused = [.. pairs.Zip(blends).Where(p => p.Second.Recognisers.All(r => !r.Judges || !r.Accepted)).OrderBy(p => p.Second.Loss).Select(p => p.First)];
        FaceFeatures features = FaceFeatures.Fit(model.Encode, model.Side, cancellationToken);
        var pictures = new List<CaptionedPicture>();
        IReadOnlyList<PairFinding> tried = Optimise([.. refused.Take(tries)], features, pictures, cancellationToken);
        var report = new PairSearchReport
        {
            Settings = settings.Describe(model.Source),
            People = people,
            FirstIdentity = first,
            Pairs = pairs.Length,
            RefusedBlends = refused.Length,
            FeatureAccuracy = features.Accuracy(model.Side, cancellationToken),
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

    /// <summary>All pairs who wear their hair alike, and neither of them anything in the face: what a morph then wears it has from nobody.</summary>
    internal static (ulong A, ulong B)[] Candidates(IReadOnlyList<ulong> people) =>
    [
        .. people.Where(identity => FaceFeatures.All.All(f => !f.Has(identity)))
            .GroupBy(identity => FaceIdentity.FromSeed(identity).Hair)
            .SelectMany(alike => alike.SelectMany((a, i) => alike.Skip(i + 1).Select(b => (a, b)))),
    ];

    private MorphBlend[] Blend((ulong A, ulong B)[] pairs, CancellationToken cancellationToken)
    {
        using var line = new ProgressLine(terminal, "blending", Math.Max(1, pairs.Length));
        var blends = new List<MorphBlend>();
        foreach ((ulong A, ulong B)[] group in pairs.Chunk(Group))
        {
            using DisposeScope scope = NewDisposeScope();
            blends.AddRange(blending.Run(Faces(group), (done, _) => line.Report(blends.Count + (done * group.Length)), cancellationToken).Select(o => o.Blend));
        }

        return [.. blends];
    }

    private List<PairFinding> Optimise((ulong A, ulong B)[] pairs, FaceFeatures features, List<CaptionedPicture> pictures, CancellationToken cancellationToken)
    {
        using var line = new ProgressLine(terminal, "morphing", Math.Max(1, pairs.Length));
        var findings = new List<PairFinding>();
        foreach ((ulong A, ulong B)[] group in pairs.Chunk(Group))
        {
            IReadOnlyList<MorphOutcome> outcomes = morphing.Run(
                Faces(group),
                (done, loss) => line.Report(findings.Count + (done * group.Length), loss is double l ? $"loss {l:0.000}" : ""),
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
                pictures.AddRange([new(outcome.A, [$"{a}", .. verdict]), MorphStrip.BlendOf(outcome), MorphStrip.MorphOf(outcome), new(outcome.B, $"{b}")]);
            }
        }

        return findings;
    }

    /// <summary>Why a pair, whose blend no judge takes for both, shows nothing.</summary>
    internal static IEnumerable<string> Faults(IReadOnlyList<MorphSimilarity> recognisers, IReadOnlyList<double> losses, IReadOnlyDictionary<string, double> worn)
    {
        if (recognisers.Any(r => !r.Accepted))
        {
            yield return "refused";
        }

        if (losses.Zip(losses.Skip(1)).Take(Falling).Any(l => l.Second >= l.First))
        {
            yield return "rises";
        }

        foreach ((string name, _) in worn.Where(w => w.Value > 0))
        {
            yield return name;
        }
    }

    private IReadOnlyList<(FacePicture A, FacePicture B)> Faces((ulong A, ulong B)[] pairs) => [.. pairs.Select(p => (Face(p.A), Face(p.B)))];

    private FacePicture Face(ulong identity)
    {
        using var file = new MemoryStream(Portrait(identity, model.Side));
        return FacePicture.Read($"{identity}", file, model.Side);
    }
}
