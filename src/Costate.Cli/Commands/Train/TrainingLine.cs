using Costate.Cli.Terminals;
using Costate.Faces.Training;

namespace Costate.Cli.Commands.Train;

/// <summary>The progress of a training on a line.</summary>
internal sealed class TrainingLine(Terminal terminal, string title) : IProgress<TrainingProgress>, IDisposable
{
    private ProgressLine? line;

    public void Report(TrainingProgress value)
    {
        if (value.Loss is double loss)
        {
            line?.Report(value.Share, $"step {value.Step}, loss {loss:0.0000}");
            return;
        }

        if (value.Step > 0)
        {
            terminal.Error.WriteLine($"Goes on from step {value.Step}, after {value.Seconds:0} s.");
        }

        line ??= new ProgressLine(terminal, title, total: 1);
    }

    public void Dispose() => line?.Dispose();
}
