using Costate.Faces.Reports;

namespace Costate.Experiments;

/// <summary>What a study has found out.</summary>
/// <param name="Report">All numbers, a JSON object.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Tables">Its tables, for so many characters in a line.</param>
internal sealed record StudyOutcome(string Report, double Seconds, Func<int, IEnumerable<ResultTable>> Tables);
