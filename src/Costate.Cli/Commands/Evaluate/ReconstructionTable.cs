using Costate.Experiments.Evaluation;
using Costate.Experiments.Reconstruction;
using Spectre.Console;

namespace Costate.Cli.Commands.Evaluate;

/// <summary>What came back, as a table.</summary>
internal static class ReconstructionTable
{
    internal static Table Of(IReadOnlyList<ReconstructedFaces> rows)
    {
        var table = new Table { Border = TableBorder.Horizontal, ShowRowSeparators = false };
        table.AddColumn(new TableColumn("decoded from"));
        foreach (string name in (string[])["PSNR, dB", "SSIM", .. rows[0].Accepted.Select(a => $"{a.Recogniser}, %")])
        {
            table.AddColumn(new TableColumn(name) { Alignment = Justify.Right, NoWrap = true });
        }

        foreach (ReconstructedFaces row in rows)
        {
            table.AddRow([row.Noise, $"{row.Psnr.Mean:0.0}", $"{row.Ssim.Mean:0.000}", .. row.Accepted.Select(a => Share(a.Faces))]);
        }

        table.Caption = new TableTitle("for each judge: faces taken for the person of another picture, with the 95 % interval");
        return table;
    }

    private static string Share(MatchRate rate) => $"{100 * rate.Rate:0.0} ({100 * rate.Low:0.0} to {100 * rate.High:0.0})";
}
