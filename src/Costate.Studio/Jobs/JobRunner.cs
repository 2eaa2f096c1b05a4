using Costate.Faces;

namespace Costate.Studio.Jobs;

/// <summary>Runs a command line of the tool, always on the same thread.</summary>
/// <param name="arguments">Of the tool.</param>
/// <param name="watch">Who looks on.</param>
/// <param name="cancellationToken">Ends it within one network evaluation.</param>
internal delegate JobOutcome JobRunner(IReadOnlyList<string> arguments, RunWatch watch, CancellationToken cancellationToken);

/// <summary>What came of it.</summary>
/// <param name="State">Done, failed or cancelled.</param>
/// <param name="Message">What the tool said.</param>
internal sealed record JobOutcome(JobState State, string Message);
