namespace Costate.Faces.Names;

/// <summary>A solver by its name.</summary>
internal sealed record NamedSolver(string Name, string Order, string Evaluations, string Remark, Func<Solver> Make)
{
    internal static IReadOnlyList<NamedSolver> All { get; } =
    [
        new("ddim", "1", "1", "exponential Euler", () => Solver.Ddim()),
        new("euler", "1", "1", "in sigma/alpha; the same map as ddim", () => Solver.Euler()),
        new("heun", "2", "2", "in sigma/alpha", () => Solver.Heun()),
        new("midpoint", "2", "2", "RF-Solver, on a rectified flow", () => Solver.Midpoint()),
        new("fireflow", "2", "1", "reuses the midpoint's velocity", () => Solver.FireFlow()),
        new("uni-inv", "1", "1", "inverts euler", () => Solver.UniInv()),
        new("dpm2m", "2", "1", "DPM-Solver, multistep, noise prediction", () => Solver.DpmSolver(2)),
        new("dpm3m", "3", "1", "", () => Solver.DpmSolver(3)),
        new("dpm2s", "2", "2", "DPM-Solver, singlestep, noise prediction", () => Solver.DpmSolverSinglestep(2)),
        new("dpm3s", "3", "3", "", () => Solver.DpmSolverSinglestep(3)),
        new("dpm++2m", "2", "1", "DPM-Solver++, multistep, data prediction (the default)", () => Solver.DpmSolverPlusPlus(2)),
        new("dpm++3m", "3", "1", "", () => Solver.DpmSolverPlusPlus(3)),
        new("dpm++2s", "2", "2", "DPM-Solver++, singlestep, data prediction", () => Solver.DpmSolverPlusPlusSinglestep(2)),
        new("dpm++3s", "3", "3", "", () => Solver.DpmSolverPlusPlusSinglestep(3)),
        new("deis2", "2", "1", "DEIS, multistep, noise prediction", () => Solver.Deis(2)),
        new("deis3", "3", "1", "", () => Solver.Deis(3)),
        new("deis4", "4", "1", "", () => Solver.Deis(4)),
        new("unipc2", "3", "1", "UniPC: predictor of order 2, corrector of order 3", () => Solver.UniPc(2)),
        new("unipc3", "4", "1", "UniPC: predictor of order 3, corrector of order 4", () => Solver.UniPc(3)),
        new("ddpm", "1", "1", "ancestral sampling; stochastic", () => Solver.Ddpm()),
        new("sde-dpm1", "1", "1", "SDE-DPM-Solver, noise prediction; stochastic", () => Solver.SdeDpmSolver(1)),
        new("sde-dpm++1", "1", "1", "SDE-DPM-Solver++, data prediction; stochastic", () => Solver.SdeDpmSolverPlusPlus(1)),
        new("sde-dpm++2m", "1", "1", "order 2 in the drift; stochastic", () => Solver.SdeDpmSolverPlusPlus(2)),
        new("edict", "0", "2", "EDICT; reversible", () => Solver.Edict()),
        new("bdia", "1", "1", "BDIA; reversible", () => Solver.Bdia()),
        new("o-belm", "2", "1", "O-BELM; reversible", () => Solver.Belm()),
    ];

    /// <summary>The solver that a text stands for.</summary>
    /// <exception cref="InputException">There is no such solver, or its numbers are out of range.</exception>
    internal static Solver Parse(string text) => NamedReversible.Parse(text) ?? Find(text).Make();

    internal static string Table() =>
        "Solvers (order, network evaluations a step):\n"
        + string.Join('\n', All.Select(s => $"  {s.Name,-12} {s.Order}  {s.Evaluations}  {s.Remark}".TrimEnd()))
        + "\n" + NamedReversible.Table();

    private static NamedSolver Find(string name) =>
        All.FirstOrDefault(s => string.Equals(s.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new InputException("solver", name, $"one of: {string.Join(", ", All.Select(s => s.Name))}, {NamedReversible.Forms}");
}
