namespace Costate.Cli.Study;

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
        return solvers.Select(s => new GradientCurve($"discrete/{s.Id}", s.Solver.Name, Comparison.Solvers, s.Solver, _ => GradientMethod.Discrete()));
    }

    private static IEnumerable<GradientCurve> Methods()
    {
        yield return Of("discrete", "Discrete (every state kept)", _ => GradientMethod.Discrete(), memory: true);
        yield return Of("discrete-revolve-10", "Discrete, Revolve(10)", _ => GradientMethod.Discrete(Checkpointing.Revolve(10)), 2, memory: true);
        yield return Of("unrolled", "Unrolled", _ => GradientMethod.Unrolled(), memory: true);
        yield return Of("adjoint-deis-1", "AdjointDEIS-1, recorded", _ => GradientMethod.AdjointDeis(1), memory: true);
        yield return Of("adjoint-deis-1-half", "AdjointDEIS-1, interpolated, M = N/2", n => GradientMethod.AdjointDeis(1, n / 2), 0.5);
        yield return Of("adjoint-deis-1-solved", "AdjointDEIS-1, solved backward", _ => GradientMethod.AdjointDeis(1, trajectory: Trajectory.SolvedBackward), memory: true);
        yield return Of("adjoint-deis-2", "AdjointDEIS-2, recorded", _ => GradientMethod.AdjointDeis(2));
        yield return Of("adjoint-deis-2-double", "AdjointDEIS-2, interpolated, M = 2N", n => GradientMethod.AdjointDeis(2, 2 * n), 2);
        yield return Of("adjoint-deis-2-half", "AdjointDEIS-2, interpolated, M = N/2", n => GradientMethod.AdjointDeis(2, n / 2), 0.5);
        yield return Of("adjoint-deis-2-solved", "AdjointDEIS-2, solved backward", _ => GradientMethod.AdjointDeis(2, trajectory: Trajectory.SolvedBackward));
    }

    private static GradientCurve Of(string id, string label, Func<int, GradientMethod> method, double backwardShare = 1, bool memory = false) =>
        new($"{id}/dpm-solver++2m", label, Comparison.Methods, Solver.DpmSolverPlusPlus(2), method) { BackwardShare = backwardShare, ShowsMemory = memory };
}
