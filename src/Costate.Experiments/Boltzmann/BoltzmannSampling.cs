namespace Costate.Experiments.Boltzmann;

/// <summary>A solver and its steps.</summary>
/// <param name="Label">The solver's name.</param>
/// <param name="Solver">From noise to states.</param>
/// <param name="Steps">Of it.</param>
/// <param name="Work">How long it takes, in trainings.</param>
internal sealed record BoltzmannSampling(string Label, Solver Solver, int Steps, double Work)
{
    /// <summary>
    /// The solvers of the published table and what it leaves out, at the couplings that it names, at about 40 evaluations each.
    /// </summary>
    internal static IReadOnlyList<BoltzmannSampling> All { get; } =
    [
        new("UniPC-3", Solver.UniPc(3), 20, 0.15),
        new("UniPC-3", Solver.UniPc(3), 40, 0.3),
        new("Dopri5", Solver.ExponentialRungeKutta(ButcherTableau.DormandPrince), 7, 0.3),
        new("Rex(Euler), 0.999", Solver.Rex(ButcherTableau.Euler, 0.999), 20, 0.3),
        new("Rex(Euler), 0.001", Solver.Rex(ButcherTableau.Euler, 0.001), 20, 0.3),
        new("Rex(Dopri5), 0.999", Solver.Rex(ButcherTableau.DormandPrince, 0.999), 4, 0.3),
        new("Rex(Dopri5), 0.001", Solver.Rex(ButcherTableau.DormandPrince, 0.001), 4, 0.3),
    ];

    /// <summary>Those for a system whose determinants are dear.</summary>
    internal static IReadOnlyList<BoltzmannSampling> Few { get; } =
    [
        new("UniPC-3", Solver.UniPc(3), 20, 0.5),
        new("Rex(Euler), 0.999", Solver.Rex(ButcherTableau.Euler, 0.999), 10, 0.5),
        new("Rex(Euler), 0.001", Solver.Rex(ButcherTableau.Euler, 0.001), 10, 0.5),
    ];
}
