using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Experiments;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Posteriors;

namespace Costate.Cli.Commands.Study;

/// <summary><c>costate study posterior</c>: how near ways of guidance come to a posterior that is known.</summary>
internal sealed class PosteriorCommand : MeasurementCommand
{
    [SetsRequiredMembers]
    internal PosteriorCommand(Terminal terminal, CancellationToken cancellationToken, StudyOptions options)
        : base(
            PosteriorFiles.Study,
            "Measures how near ways of guidance, and particles, come to posteriors that are known.",
            [
                "A linear measurement with noise of a draw of one Gaussian, or of a mixture of 25 on a grid, under a perfect network. "
                    + "Distances are to exact samples; the floor is that of two exact sets. Methods that have a strength are measured "
                    + "at three, and the table has the best: it is in their favour.",
                "Of particles, log Z says by how much the evidence is off, in nats.",
            ],
            PosteriorFiles.All,
            ("All beds and methods, in a quarter of an hour", "One problem, few samples"),
            terminal,
            cancellationToken,
            options)
    {
    }

    private protected override StudyOutcome Study(MeasurementFolder folder, bool quick, Action<double> progress) =>
        PosteriorFiles.Write(folder, quick, progress, Cancellation);
}
