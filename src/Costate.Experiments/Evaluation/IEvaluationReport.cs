using Costate.Faces.Reports;

namespace Costate.Experiments.Evaluation;

/// <summary>What an evaluation has found out.</summary>
internal interface IEvaluationReport
{
    /// <summary>The files that say it.</summary>
    IReadOnlyList<string> Files { get; }

    /// <summary>It as JSON.</summary>
    string Text => JsonReport.Text<object>(this);

    /// <summary>It in tables, in order, some after a sentence that says what it has.</summary>
    IEnumerable<(string? Sentence, ResultTable Table)> Tables();
}
