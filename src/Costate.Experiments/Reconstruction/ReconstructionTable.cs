using Costate.Experiments.Evaluation;
using Costate.Faces.Reports;

namespace Costate.Experiments.Reconstruction;

/// <summary>What came back, as a table.</summary>
internal static class ReconstructionTable
{
    internal static ResultTable Of(IReadOnlyList<ReconstructedFaces> rows)
    {
        var table = new ResultTable(["decoded from", "PSNR, dB", "SSIM", .. rows[0].Accepted.Select(a => $"{a.Recogniser}, %")])
        {
            Caption = "for each judge: faces taken for the person of another picture, with the 95 % interval",
            IsRuled = true,
        };
        foreach (ReconstructedFaces row in rows)
        {
            table.Add([row.Noise, $"{row.Psnr.Mean:0.0}", $"{row.Ssim.Mean:0.000}", .. row.Accepted.Select(a => Share(a.Faces))]);
        }

        return table;
    }

    private static string Share(MatchRate rate) => $"{100 * rate.Rate:0.0} ({100 * rate.Low:0.0} to {100 * rate.High:0.0})";
}
