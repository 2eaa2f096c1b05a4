using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Reconstruction;

/// <summary>How many faces one recogniser accepts.</summary>
internal sealed record Acceptance(string Recogniser, MatchRate Faces);
