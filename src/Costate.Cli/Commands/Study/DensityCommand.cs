using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Terminals;
using Costate.Experiments;
using Costate.Experiments.Densities;
using Costate.Experiments.Evaluation;

namespace Costate.Cli.Commands.Study;

/// <summary><c>costate study density</c>: what the density that a sampler gives its samples is worth.</summary>
internal sealed class DensityCommand : MeasurementCommand
{
    [SetsRequiredMembers]
    internal DensityCommand(Terminal terminal, CancellationToken cancellationToken, StudyOptions options)
        : base(
            DensityFiles.Study,
            "Measures what weights made of a sampler's own density are worth, and likelihoods of data.",
            [
                "Mixtures of correlated Gaussians in 2 and 6 dimensions, whose densities are known, sampled from their exact law at time "
                    + "1. The mean weight must be 1, and the effective fraction of a perfect density is 1.",
            ],
            DensityFiles.All,
            ("Solver by solver, in some minutes", "A look in two dimensions"),
            terminal,
            cancellationToken,
            options)
    {
    }

    private protected override StudyOutcome Study(MeasurementFolder folder, bool quick, Action<double> progress) =>
        DensityFiles.Write(folder, quick, progress, Cancellation);
}
