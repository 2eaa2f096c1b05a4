namespace Costate.Experiments.Gradients;

/// <summary>Which comparison a curve belongs to.</summary>
internal enum Comparison
{
    /// <summary>The exact discrete adjoint of different solvers.</summary>
    Solvers,

    /// <summary>Different gradient methods for one solver.</summary>
    Methods,
}

/// <summary>One way to find a gradient, measured over a range of step counts.</summary>
/// <param name="Id">Its name in the JSON report.</param>
/// <param name="Label">Its name in tables and plots.</param>
/// <param name="Comparison">Where it is shown.</param>
/// <param name="Solver">The method forward.</param>
/// <param name="Method">The method backward, for a number of steps.</param>
internal sealed record GradientCurve(string Id, string Label, Comparison Comparison, Solver Solver, Func<int, GradientMethod> Method)
{
    /// <summary>How many evaluations with a graph the backward sweep takes for each sampling step, to plan the time.</summary>
    internal double BackwardShare { get; init; } = 1;

    /// <summary>Its colour and marker in plots.</summary>
    internal int Look { get; init; }

    /// <summary>Whether the memory it keeps is worth a curve of its own.</summary>
    internal bool ShowsMemory { get; init; }

    /// <summary>Everything that the study compares.</summary>
    internal static IReadOnlyList<GradientCurve> All { get; } = [.. Solvers(), .. Methods()];

    private static IEnumerable<GradientCurve> Solvers()
    {
        (string Id, Solver Solver)[] solvers =
        [
            ("ddim", Solver.Ddim()),
            ("dpm-solver++2m", Solver.DpmSolverPlusPlus(2)),
            ("dpm-solver++3m", Solver.DpmSolverPlusPlus(3)),
            ("unipc-2", Solver.UniPc(2)),
            ("deis-3", Solver.Deis(3)),
            ("heun", Solver.Heun()),
            ("dpm-solver-3s", Solver.DpmSolverSinglestep(3)),
        ];
        return solvers.Select(
            (s, i) =>
                new GradientCurve($"discrete/{s.Id}", s.Solver.Name, Comparison.Solvers, s.Solver, _ => GradientMethod.Discrete(Checkpointing.States))
                {
                    Look = i,
                });
    }

    private static IEnumerable<GradientCurve> Methods()
    {
        // Curves that coincide get a filled and an open marker (looks of even and odd number).
        yield return Of("discrete", "Discrete, every state kept", 0, _ => GradientMethod.Discrete(Checkpointing.States)) with { ShowsMemory = true };
        yield return Of("discrete-revolve-10", "Discrete, Revolve(10)", 1, _ => GradientMethod.Discrete(Checkpointing.Revolve(10))) with
        {
            ShowsMemory = true,
        };
        yield return Of("unrolled", "Unrolled", 3, _ => GradientMethod.Unrolled()) with { ShowsMemory = true };
        yield return Of("adjoint-deis-1", "AdjointDEIS-1, recorded", 5, _ => GradientMethod.AdjointDeis(1, graphs: GraphBudget.None)) with { ShowsMemory = true };
        yield return Of(
            "adjoint-deis-1-solved",
            "AdjointDEIS-1, solved backward",
            2,
            _ => GradientMethod.AdjointDeis(1, trajectory: Trajectory.SolvedBackward)) with
        {
            ShowsMemory = true,
        };
        yield return Of("adjoint-deis-1-half", "AdjointDEIS-1, M = N/2", 9, n => GradientMethod.AdjointDeis(1, n / 2)) with
        {
            BackwardShare = 0.5,
        };
        yield return Of("adjoint-deis-2", "AdjointDEIS-2, recorded", 7, _ => GradientMethod.AdjointDeis(2, graphs: GraphBudget.None));
        yield return Of(
            "adjoint-deis-2-solved",
            "AdjointDEIS-2, solved backward",
            6,
            _ => GradientMethod.AdjointDeis(2, trajectory: Trajectory.SolvedBackward));
        yield return Of("adjoint-deis-2-half", "AdjointDEIS-2, M = N/2", 4, n => GradientMethod.AdjointDeis(2, n / 2)) with
        {
            BackwardShare = 0.5,
        };
        yield return Of("adjoint-deis-2-double", "AdjointDEIS-2, M = 2N", 8, n => GradientMethod.AdjointDeis(2, 2 * n)) with
        {
            BackwardShare = 2,
        };
    }

    private static GradientCurve Of(string id, string label, int look, Func<int, GradientMethod> method) =>
        new($"dpm-solver++2m/{id}", label, Comparison.Methods, Solver.DpmSolverPlusPlus(2), method) { Look = look };
}
