using Costate.Cli.Terminals;
using Costate.Experiments.Evaluation;

namespace Costate.Cli.Commands.Evaluate;

/// <summary>The progress of an evaluation: a line for each of its parts.</summary>
internal sealed class EvaluationLine(Terminal terminal) : IProgress<EvaluationProgress>, IDisposable
{
    private (string Part, ProgressLine Line)? current;

    public void Report(EvaluationProgress value)
    {
        if (value.Announcement is string announcement)
        {
            terminal.Error.WriteLine(announcement);
        }

        if (current?.Part != value.Part)
        {
            Dispose();
            current = (value.Part, new ProgressLine(terminal, value.Part, total: 1));
        }

        current!.Value.Line.Report(value.Share, value.Note);
    }

    public void Dispose() => current?.Line.Dispose();
}
