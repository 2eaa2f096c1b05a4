using System.Globalization;
using Costate.Experiments.Files;
using Costate.Experiments.Galleries;
using Costate.Faces.Files;
using Costate.Faces.Reports;

namespace Costate.Experiments.Evaluation;

/// <summary>The files that sum up a folder of results.</summary>
internal static class EvaluationFiles
{
    internal const string Table = "morphs.csv";
    internal const string Report = "morphs.json";
    internal const string Rates = "mmpmr.png";
    internal const string Strips = "strips.png";

    internal static readonly string[] All = [Table, Report, Rates, Strips, Gallery.FileName];

    /// <summary>Writes them all anew.</summary>
    /// <exception cref="InvalidDataException">Results are missing, or the folder cannot be written to.</exception>
    internal static EvaluationReport Write(EvaluationFolder folder, EvaluationContents contents)
    {
        IReadOnlyList<PairResult> results = folder.Results(contents);

        EvaluationReport report = EvaluationReport.Of(contents, results);
        using OutputFolder output = OutputFolder.Prepare(folder.FullName, All);
        File.WriteAllLines(output.Stage(Table), Lines(results));
        File.WriteAllText(output.Stage(Report), JsonReport.Text(report) + '\n');
        File.WriteAllBytes(output.Stage(Rates), EvaluationPlot.Rates(report.Methods));
        File.WriteAllBytes(output.Stage(Strips), EvaluationStrips.Of(folder, report.Methods, results));
        Gallery.Stage(output, withFolder: true);
        output.Commit();
        return report;
    }

    private static IEnumerable<string> Lines(IReadOnlyList<PairResult> results)
    {
        string[] recognisers = [.. results[0].Recognisers.Select(r => r.Recogniser)];
        yield return string.Join(',', (string[])
        [
            "pair",
            "identity_a",
            "identity_b",
            "pair_similarity",
            "method",
            "loss",
            "encoding_evaluations",
            "sampling_evaluations",
            "vector_jacobian_products",
            "seconds",
            .. recognisers.SelectMany(r =>
                (
                    (string[])
                        ["source a", "source b", "first other a", "first other b", "best other a", "best other b", "matches others"]
                ).Select(what => Csv.Column(r, what))),
        ]);
        foreach (PairResult r in results)
        {
            yield return string.Join(',', (string[])
            [
                Text(r.Pair),
                r.A.ToString(CultureInfo.InvariantCulture),
                r.B.ToString(CultureInfo.InvariantCulture),
                Text(r.PairSimilarity),
                r.Method,
                Text(r.Loss),
                Text(r.Cost.EncodingEvaluations),
                Text(r.Cost.SamplingEvaluations),
                Text(r.Cost.VectorJacobianProducts),
                Text(r.Cost.Seconds),
                .. r.Recognisers.SelectMany(s => (string[])
                [
                    Text(s.SourceA),
                    Text(s.SourceB),
                    Text(s.OthersA[0]),
                    Text(s.OthersB[0]),
                    Text(s.OthersA.Max()),
                    Text(s.OthersB.Max()),
                    s.MatchesOthers ? "1" : "0",
                ]),
            ]);
        }
    }

    private static string Text(double value) => value.ToString("G7", CultureInfo.InvariantCulture);
}
