using Costate.Cli.Evaluation;

namespace Costate.Cli.Reconstruction;

/// <summary>How many faces one recogniser accepts.</summary>
internal sealed record Acceptance(string Recogniser, MatchRate Faces);
