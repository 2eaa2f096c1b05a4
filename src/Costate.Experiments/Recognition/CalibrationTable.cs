using Costate.Faces.Recognition;
using Costate.Faces.Reports;

namespace Costate.Experiments.Recognition;

/// <summary>Thresholds and true match rates as a table.</summary>
internal static class CalibrationTable
{
    internal static ResultTable Of(Calibration calibration)
    {
        var table = new ResultTable("recogniser", "loss", "width", "seed", "threshold", "true match rate, %", "95 % interval")
        {
            Title = $"Recognisers at a false match rate of {100 * calibration.FalseMatchRate} %",
            Caption = $"{calibration.ImpostorPairs:#,0} impostor and {calibration.GenuinePairs:#,0} genuine pairs",
            WordColumns = 2,
            IsRuled = true,
        };
        foreach (CalibratedRecogniser r in calibration.Recognisers)
        {
            table.Add(
                r.Name,
                r.Loss,
                $"{r.Width}",
                $"{r.Seed}",
                $"{r.Threshold:0.000}",
                $"{100 * r.TrueMatchRate:0.00}",
                $"{100 * r.TrueMatchRateInterval[0]:0.0} to {100 * r.TrueMatchRateInterval[1]:0.0}");
        }

        return table;
    }
}
