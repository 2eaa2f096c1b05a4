namespace Costate;

/// <summary>How far a run is.</summary>
/// <param name="Phase">What it is doing.</param>
/// <param name="Done">Network evaluations done in this phase.</param>
/// <param name="Total">Network evaluations of this phase.</param>
/// <param name="Time">The time in [0, 1] where it stands.</param>
public readonly record struct StepProgress(SamplingPhase Phase, int Done, int Total, double Time);
