namespace Costate.Tests;

/// <summary>Every solver of the library, by a name that a failing test can show.</summary>
internal static class Solvers
{
    private static readonly Dictionary<string, (Func<Solver> Make, double Order)> All = new()
    {
        ["ddim"] = (Solver.Ddim, 1),
        ["euler"] = (Solver.Euler, 1),
        ["heun"] = (Solver.Heun, 2),
        ["midpoint"] = (Solver.Midpoint, 2),
        ["fireflow"] = (Solver.FireFlow, 2),
        ["uni-inv"] = (Solver.UniInv, 1),
        ["dpm-1"] = (() => Solver.DpmSolver(1), 1),
        ["dpm-2"] = (() => Solver.DpmSolver(2), 2),
        ["dpm-2-heun"] = (() => Solver.DpmSolver(2, SolverType.Heun), 2),
        ["dpm-3"] = (() => Solver.DpmSolver(3), 3),
        ["dpm++1"] = (() => Solver.DpmSolverPlusPlus(1), 1),
        ["dpm++2"] = (() => Solver.DpmSolverPlusPlus(2), 2),
        ["dpm++2-heun"] = (() => Solver.DpmSolverPlusPlus(2, SolverType.Heun), 2),
        ["dpm++3"] = (() => Solver.DpmSolverPlusPlus(3), 3),
        ["dpm-1s"] = (() => Solver.DpmSolverSinglestep(1), 1),
        ["dpm-2s"] = (() => Solver.DpmSolverSinglestep(2), 2),
        ["dpm-3s"] = (() => Solver.DpmSolverSinglestep(3), 3),
        ["dpm-3s-heun"] = (() => Solver.DpmSolverSinglestep(3, SolverType.Heun), 3),
        ["dpm++2s"] = (() => Solver.DpmSolverPlusPlusSinglestep(2), 2),
        ["dpm++2s-heun"] = (() => Solver.DpmSolverPlusPlusSinglestep(2, SolverType.Heun), 2),
        ["dpm++3s"] = (() => Solver.DpmSolverPlusPlusSinglestep(3), 3),
        ["dpm++3s-heun"] = (() => Solver.DpmSolverPlusPlusSinglestep(3, SolverType.Heun), 3),
        ["dpm++2s-grid"] = (() => new ExponentialSinglestep("", Prediction.Data, 2) { OnGrid = true }, 2),
        ["dpm++3s-grid"] = (() => new ExponentialSinglestep("", Prediction.Data, 3) { OnGrid = true }, 3),
        ["deis-1"] = (() => Solver.Deis(1), 1),
        ["deis-2"] = (() => Solver.Deis(2), 2),
        ["deis-3"] = (() => Solver.Deis(3), 3),
        ["deis-4"] = (() => Solver.Deis(4), 4),
        // The corrector raises the order of all but the last step by one, and with it the order of the run.
        ["unipc-1"] = (() => Solver.UniPc(1), 2),
        ["unipc-2"] = (() => Solver.UniPc(2), 3),
        ["unipc-2-bh1"] = (() => Solver.UniPc(2, UniPcVariant.Bh1), 3),
        ["unipc-3"] = (() => Solver.UniPc(3), 4),
        ["lms-1"] = (() => Solver.Lms(1), 1),
        ["lms-2"] = (() => Solver.Lms(2), 2),
        ["lms-3"] = (() => Solver.Lms(3), 3),
        ["lms-4"] = (() => Solver.Lms(4), 4),

        // The weights are those of equal steps.
        ["pndm"] = (() => Solver.Pndm(), 2),
        ["pndm-rk"] = (() => Solver.Pndm(rungeKuttaStart: true), 2),
        ["ipndm"] = (() => new PseudoMultistep("", PseudoStart.Rising), 2),
        ["sa-2-ode"] = (() => Solver.SaSolver(tau: 0), 2),
        ["sa-2-3-ode"] = (() => Solver.SaSolver(2, 3, 0), 3),
        ["unipc-3-noise"] = (() => Solver.UniPc(3, prediction: Prediction.Noise), 4),
    };

    private static readonly Dictionary<string, Func<Solver>> AllStochastic = new()
    {
        ["ddpm"] = () => Solver.Ddpm(),
        ["ddpm-large"] = () => Solver.Ddpm(largeVariance: true),
        ["ddim-0.5"] = () => Solver.Ddim(0.5),
        ["dpm2-ancestral"] = () => Solver.Dpm2Ancestral(),
        ["consistency"] = () => Solver.Consistency(),
        ["sa-2"] = () => Solver.SaSolver(),
        ["sa-3-4"] = () => Solver.SaSolver(3, 4, 0.5),
        ["tcd-0.3"] = () => Solver.TrajectoryConsistency(),
        ["sde-dpm-1"] = () => Solver.SdeDpmSolver(1),
        ["sde-dpm-2"] = () => Solver.SdeDpmSolver(2),
        ["sde-dpm++1"] = () => Solver.SdeDpmSolverPlusPlus(1),
        ["sde-dpm++2"] = () => Solver.SdeDpmSolverPlusPlus(2),
        ["sde-dpm++2-heun"] = () => Solver.SdeDpmSolverPlusPlus(2, SolverType.Heun),
    };

    public static TheoryData<string> Deterministic => [.. All.Keys];

    public static TheoryData<string> Stochastic => [.. AllStochastic.Keys];

    public static TheoryData<string> Every => [.. All.Keys, .. AllStochastic.Keys];

    public static Solver Named(string name) => All.TryGetValue(name, out var entry) ? entry.Make() : AllStochastic[name]();

    public static double Order(string name) => All[name].Order;

    /// <summary>How far two orders of summation may be apart: with nothing of a state but its predicted data going on, the gradient of
    /// the start is a small difference of large numbers.</summary>
    public static double Rounding(Solver solver) => solver is ConsistencySampling ? 1e-11 : 1e-12;
}
