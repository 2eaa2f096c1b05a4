namespace Costate.Experiments.Reversibility;

/// <summary>A solver measured over a range of step counts on the mixture problem.</summary>
/// <param name="Id">Its name in the JSON report.</param>
/// <param name="Label">Its name in tables and plots.</param>
/// <param name="Solver">The solver.</param>
/// <param name="Method">How its gradient is found.</param>
/// <param name="Look">Its colour and marker.</param>
internal sealed record RexCurve(string Id, string Label, Solver Solver, GradientMethod Method, int Look)
{
    /// <summary>Whose gradient is compared with the continuous one.</summary>
    internal static IReadOnlyList<RexCurve> Gradients { get; } =
    [
        new("rex-euler-data", "Rex(Euler), data", Solver.Rex(ButcherTableau.Euler), GradientMethod.Reversible(), 0),
        new("rex-midpoint-data", "Rex(midpoint), data", Solver.Rex(ButcherTableau.Midpoint), GradientMethod.Reversible(), 2),
        new("rex-rk4-data", "Rex(RK4), data", Solver.Rex(ButcherTableau.Rk4), GradientMethod.Reversible(), 4),
        new(
            "rex-euler-noise",
            "Rex(Euler), noise",
            Solver.Rex(ButcherTableau.Euler, prediction: Prediction.Noise),
            GradientMethod.Reversible(),
            1),
        new(
            "rex-rk4-noise",
            "Rex(RK4), noise",
            Solver.Rex(ButcherTableau.Rk4, prediction: Prediction.Noise),
            GradientMethod.Reversible(),
            3),
        new("dpm-solver++2m", "DPM-Solver++2M, discrete", Solver.DpmSolverPlusPlus(2), GradientMethod.Discrete(Checkpointing.States), 9),
    ];

    /// <summary>
    /// Whose sample is compared with the exact one, by coupling; the last are the limits: no second copy, and no averaging.
    /// </summary>
    internal static IReadOnlyList<RexCurve> Orders { get; } =
    [
        .. new[] { 0.9, 0.99, 0.999, 1 }.Select((coupling, i) => new RexCurve(
            FormattableString.Invariant($"rex-euler-{coupling}"),
            FormattableString.Invariant($"Rex(Euler), coupling {coupling}"),
            Solver.Rex(ButcherTableau.Euler, coupling),
            GradientMethod.Reversible(),
            2 * i)),
        new("euler", "Euler alone, no coupling", Solver.ExponentialRungeKutta(ButcherTableau.Euler), GradientMethod.Discrete(Checkpointing.States), 1),
    ];
}
