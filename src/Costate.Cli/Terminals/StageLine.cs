using Costate.Faces;

namespace Costate.Cli.Terminals;

/// <summary>The progress of work in stages: a line for each of them.</summary>
internal sealed class StageLine(Terminal terminal) : IProgress<StageProgress>, IDisposable
{
    private (string Stage, ProgressLine Line)? current;

    public void Report(StageProgress value)
    {
        bool isNew = current?.Stage != value.Stage;
        if (isNew)
        {
            Dispose();
        }

        if (value.Announcement is string announcement)
        {
            terminal.Error.WriteLine(announcement);
        }

        if (isNew)
        {
            current = (value.Stage, new ProgressLine(terminal, value.Stage, total: 1));
        }

        current!.Value.Line.Report(value);
    }

    public void Dispose() => current?.Line.Dispose();
}
