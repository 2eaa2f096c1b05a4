using Costate.Experiments.Evaluation;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;

namespace Costate.Experiments.Recognition;

/// <summary>Thresholds that were found of the embeddings in a folder.</summary>
internal sealed class RecogniserReport(Calibration found) : IEvaluationReport
{
    public IReadOnlyList<string> Files => RecogniserFiles.All;

    public string Text => JsonReport.Text(found);

    public IEnumerable<(string? Sentence, ResultTable Table)> Tables() => [(null, CalibrationTable.Of(found))];
}
