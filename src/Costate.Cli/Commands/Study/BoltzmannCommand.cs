using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Experiments;
using Costate.Experiments.Boltzmann;
using Costate.Experiments.Evaluation;

namespace Costate.Cli.Commands.Study;

/// <summary><c>costate study boltzmann</c>: samples of physical systems, right by their weights.</summary>
internal sealed class BoltzmannCommand : MeasurementCommand
{
    [SetsRequiredMembers]
    internal BoltzmannCommand(Terminal terminal, CancellationToken cancellationToken, StudyOptions options)
        : base(
            BoltzmannFiles.Study,
            "Trains small flows of physical systems, and measures what their samples are worth when weighted.",
            [
                "A double well in the plane, DW4 (four particles, two distances that each pair likes) and LJ13 (thirteen particles). "
                    + "Metropolis's chains are the truth: half of them teach the flow, the other half is what its samples are compared "
                    + "with. Each sample is weighted by exp(-energy) over the density that the solver gives it.",
                "Floors are the distances between two sets of chains. Seconds are those of the processor.",
            ],
            BoltzmannFiles.All,
            ("All systems, in half an hour of one core", "The double well, badly trained"),
            terminal,
            cancellationToken,
            options)
    {
    }

    private protected override StudyOutcome Study(MeasurementFolder folder, bool quick, Action<double> progress) =>
        BoltzmannFiles.Write(folder, quick, progress, Cancellation);
}
