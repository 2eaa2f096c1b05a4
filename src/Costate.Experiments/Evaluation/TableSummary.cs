namespace Costate.Experiments.Evaluation;

/// <summary>One of the paper's tables about AdjointDEIS itself, over the pairs that all its rows have.</summary>
internal sealed record TableSummary(int Number, string Title, IReadOnlyList<MethodSummary> Rows);
