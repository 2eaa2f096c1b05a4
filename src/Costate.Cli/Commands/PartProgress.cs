using Costate.Cli.Terminals;

namespace Costate.Cli.Commands;

/// <summary>One of several runs on a progress line.</summary>
/// <param name="line">The line, of total 1.</param>
/// <param name="from">What is done before this run.</param>
/// <param name="share">This run's part of the whole.</param>
internal sealed class PartProgress(ProgressLine line, double from, double share) : IProgress<StepProgress>
{
    public void Report(StepProgress value) => line.Report(from + (share * value.Done / value.Total));
}
