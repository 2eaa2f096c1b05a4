using Costate.Faces.Recognition;
using Spectre.Console;

namespace Costate.Cli.Commands.Evaluate;

/// <summary>Thresholds and true match rates as a table.</summary>
internal static class CalibrationTable
{
    internal static Table Of(Calibration calibration)
    {
        var table = new Table
        {
            Title = new TableTitle($"Recognisers at a false match rate of {100 * calibration.FalseMatchRate} %"),
            Border = TableBorder.Horizontal,
            ShowRowSeparators = false,
        };
        table.AddColumn(new TableColumn("recogniser"));
        table.AddColumn(new TableColumn("loss"));
        foreach (string name in (string[])["width", "seed", "threshold", "true match rate, %", "95 % interval"])
        {
            table.AddColumn(new TableColumn(name) { Alignment = Justify.Right, NoWrap = true });
        }

        foreach (CalibratedRecogniser r in calibration.Recognisers)
        {
            table.AddRow(
                r.Name,
                Markup.Escape(r.Loss),
                $"{r.Width}",
                $"{r.Seed}",
                $"{r.Threshold:0.000}",
                $"{100 * r.TrueMatchRate:0.00}",
                $"{100 * r.TrueMatchRateInterval[0]:0.0} to {100 * r.TrueMatchRateInterval[1]:0.0}");
        }

        table.Caption = new TableTitle($"{calibration.ImpostorPairs:#,0} impostor and {calibration.GenuinePairs:#,0} genuine pairs");
        return table;
    }
}
