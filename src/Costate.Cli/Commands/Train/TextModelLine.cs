using Costate.Cli.Terminals;
using Costate.Faces.Training.TextToImage;

namespace Costate.Cli.Commands.Train;

/// <summary>The progress of a text-to-image model's training: a line for each thing that is done.</summary>
internal sealed class TextModelLine(Terminal terminal) : IProgress<TextModelProgress>, IDisposable
{
    private string? doing;
    private ProgressLine? work;
    private TrainingLine? training;

    public void Report(TextModelProgress value)
    {
        if (value.Doing != doing)
        {
            Dispose();
            doing = value.Doing;
            (work, training) = value.Training is null
                ? (new ProgressLine(terminal, doing, total: 1), null)
                : ((ProgressLine?)null, new TrainingLine(terminal, doing));
        }

        work?.Report(value.Share);
        if (value.Training is { } step)
        {
            training?.Report(step);
        }
    }

    public void Dispose()
    {
        work?.Dispose();
        training?.Dispose();
    }
}
