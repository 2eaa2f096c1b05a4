using System.Globalization;

namespace Costate.Faces.Names;

/// <summary>A gradient method by its name, the steps of its adjoint and the name of its trajectory.</summary>
internal static class NamedMethod
{
    private const string Forms = "discrete, states, revolve:SLOTS, adjoint-deis:1, adjoint-deis:2, reversible, reversible:ANCHORS or unrolled";

    internal static IReadOnlyList<(string Name, Trajectory Value)> Trajectories { get; } =
    [
        ("recorded", Trajectory.Recorded),
        ("interpolated", Trajectory.Interpolated),
        ("solved-backward", Trajectory.SolvedBackward),
    ];

    /// <exception cref="InputException">The method is unknown, or an option does not belong to it.</exception>
    internal static GradientMethod Parse(string text, Solver solver, int? adjointSteps, string? trajectory, GraphBudget? graphs = null)
    {
        string[] parts = text.ToLowerInvariant().Split(':');
        bool isAdjoint = parts[0] == "adjoint-deis";
        if (!isAdjoint && (adjointSteps ?? (object?)trajectory) is not null)
        {
            throw new InputException(
                adjointSteps is null ? "trajectory" : "adjointSteps",
                $"{trajectory ?? $"{adjointSteps}"} with the method {text}",
                "left out but with the methods adjoint-deis:1 and adjoint-deis:2",
                "Leave it out, or change the method.");
        }

        if (parts[0] == "reversible" && !solver.IsReversible)
        {
            throw new InputException(
                "method",
                $"{text} with the solver {solver.Name}, whose states a sample does not determine,",
                "with a reversible solver, such as rex:euler",
                "Change the solver, or use the method discrete.");
        }

        return parts switch
        {
            ["discrete"] => GradientMethod.Discrete(graphs is null ? null : Checkpointing.Graphs(graphs)),
            ["states"] => GradientMethod.Discrete(Checkpointing.States),
            ["unrolled"] => GradientMethod.Unrolled(),
            ["revolve", var slots] when Count(slots) is int n => GradientMethod.Discrete(Checkpointing.Revolve(n)),
            ["reversible"] => GradientMethod.Reversible(),
            ["reversible", var every] when Count(every) is int n => GradientMethod.Reversible(n),
            ["adjoint-deis"] => GradientMethod.AdjointDeis(1, adjointSteps, Of(trajectory), graphs),
            ["adjoint-deis", "1"] => GradientMethod.AdjointDeis(1, adjointSteps, Of(trajectory), graphs),
            ["adjoint-deis", "2"] => GradientMethod.AdjointDeis(2, adjointSteps, Of(trajectory), graphs),
            _ => throw new InputException("method", text, $"{Forms}, with numbers from 1 to {Limits.Steps}"),
        };
    }

    internal static string Table() =>
        """
        Gradient methods:
          discrete         exact, the transpose of the solver (the default); keeps what fits into half of the
                           free memory and evaluates the rest of the network calls again
          states           the same; keeps one state a step and evaluates every call again
          revolve:SLOTS    exact too; keeps SLOTS checkpoints, for more network evaluations
          adjoint-deis:1   AdjointDEIS, the continuous adjoint, order 1: less accurate at few steps
          adjoint-deis:2   the same, order 2
          reversible[:N]   exact, for a reversible solver; keeps two states, or one pair every N steps
          unrolled         exact; the whole run in one graph: most memory
        """;

    private static int? Count(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 1 and <= Limits.Steps ? n : null;

    private static Trajectory? Of(string? name) =>
        name is null ? null : Specification.Find("trajectory", name, Trajectories, t => t.Name).Value;
}
