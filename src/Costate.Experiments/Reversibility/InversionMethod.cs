namespace Costate.Experiments.Reversibility;

/// <summary>A way to invert a sampler.</summary>
/// <param name="Id">Its name in the JSON report.</param>
/// <param name="Label">Its name in tables and plots.</param>
/// <param name="Solver">The solver.</param>
/// <param name="EvaluationsPerStep">Network evaluations a step, to plan the time.</param>
internal sealed record InversionMethod(string Id, string Label, Solver Solver, int EvaluationsPerStep)
{
    internal static IReadOnlyList<InversionMethod> All { get; } =
    [
        new("ddim", "DDIM", Solver.Ddim(), 1),
        new("edict", "EDICT", Solver.Edict(), 2),
        new("bdia", "BDIA", Solver.Bdia(), 1),
        new("o-belm", "O-BELM", Solver.Belm(), 1),
        new("rex-euler", "Rex(Euler)", Solver.Rex(ButcherTableau.Euler), 2),
        new("rex-rk4", "Rex(RK4)", Solver.Rex(ButcherTableau.Rk4), 8),
        new("rex-sde", "Rex-SDE(Euler-Maruyama)", Solver.Rex(ButcherTableau.EulerMaruyama), 2),
    ];

    /// <summary>Its colour and marker in plots.</summary>
    internal int Look => All.ToList().IndexOf(this);
}
