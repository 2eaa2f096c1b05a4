using Costate.Experiments;
using Costate.Experiments.Boltzmann;
using Costate.Experiments.Densities;
using Costate.Experiments.Evaluation;
using Costate.Experiments.Posteriors;

namespace Costate.Cli.Commands.Study;

/// <summary>A study whose measurements are kept one by one.</summary>
/// <param name="Name">Of its command and its folder.</param>
/// <param name="Description">What it measures.</param>
/// <param name="Files">What sums it up.</param>
/// <param name="Run">Measures what is missing in the folder, quickly or in full, and writes the files.</param>
internal sealed record MeasuredStudy(
    string Name,
    string Description,
    IReadOnlyList<string> Files,
    Func<MeasurementFolder, bool, Action<double>, CancellationToken, StudyOutcome> Run)
{
    /// <summary>What the help says of it.</summary>
    internal required IReadOnlyList<string> Notes { get; init; }

    /// <summary>What its examples are for: all of it, and a quick look.</summary>
    internal required (string Whole, string Quick) Purposes { get; init; }

    internal static IReadOnlyList<MeasuredStudy> All { get; } =
    [
        new(
            DensityFiles.Study,
            "Measures what weights made of a sampler's own density are worth, and likelihoods of data.",
            DensityFiles.All,
            DensityFiles.Write)
        {
            Notes =
            [
                "Mixtures of correlated Gaussians in 2 and 6 dimensions, whose densities are known, sampled from their exact law at time "
                    + "1. The mean weight must be 1, and the effective fraction of a perfect density is 1.",
            ],
            Purposes = ("Solver by solver, in some minutes", "A look in two dimensions"),
        },
        new(
            PosteriorFiles.Study,
            "Measures how near ways of guidance, and particles, come to posteriors that are known.",
            PosteriorFiles.All,
            PosteriorFiles.Write)
        {
            Notes =
            [
                "A linear measurement with noise of a draw of one Gaussian, or of a mixture of 25 on a grid, under a perfect network. "
                    + "Distances are to exact samples; the floor is that of two exact sets. Methods that have a strength are measured "
                    + "at three, and the table has the best: it is in their favour.",
                "Of particles, log Z says by how much the evidence is off, in nats.",
            ],
            Purposes = ("All beds and methods, in a quarter of an hour", "One problem, few samples"),
        },
        new(
            BoltzmannFiles.Study,
            "Trains small flows of physical systems, and measures what their samples are worth when weighted.",
            BoltzmannFiles.All,
            BoltzmannFiles.Write)
        {
            Notes =
            [
                "A double well in the plane, DW4 (four particles, two distances that each pair likes) and LJ13 (thirteen particles). "
                    + "Metropolis's chains are the truth: half of them teach the flow, the other half is what its samples are compared "
                    + "with. Each sample is weighted by exp(-energy) over the density that the solver gives it.",
                "Floors are the distances between two sets of chains. Seconds are those of the processor.",
            ],
            Purposes = ("All systems, in half an hour of one core", "The double well, badly trained"),
        },
    ];
}
