using Costate.Cli.Terminals;
using Costate.Experiments;

namespace Costate.Cli.Commands;

/// <summary>The progress of one run on a line.</summary>
internal sealed class RunProgress(ProgressLine line, bool hasGradient) : IProgress<StepProgress>
{
    public void Report(StepProgress value) => line.Report(RunShare.Of(value, hasGradient));
}
