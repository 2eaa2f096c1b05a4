using System.Globalization;

namespace Costate.Faces.Names;

/// <summary>A lookahead by the number of its steps and the name of its scheme.</summary>
internal static class NamedLookahead
{
    internal const string All = "all";
    internal const string Form = "1, 2, ... or all";
    internal const string DefaultScheme = "euler";

    private const string Midpoint = "midpoint";

    /// <exception cref="InputException">The number of steps or the scheme is none.</exception>
    internal static Lookahead Parse(string steps, string scheme = DefaultScheme)
    {
        if (steps == All)
        {
            // A plan within a number of evaluations is the same whatever memory a machine has.
            return Lookahead.EndToEnd(scheme == DefaultScheme ? null : SolverOf(scheme)) with
            {
                Method = GradientMethod.Discrete(Checkpointing.States),
            };
        }

        if (!int.TryParse(steps, NumberStyles.None, CultureInfo.InvariantCulture, out int n) || n is < 1 or > Limits.Steps)
        {
            throw new InputException("lookahead", steps, $"{Form}, at most {Limits.Steps}");
        }

        try
        {
            return scheme == DefaultScheme ? Lookahead.Euler(n)
                : scheme == Midpoint ? Lookahead.Midpoint(n)
                : Lookahead.With(SolverOf(scheme), n);
        }
        catch (ArgumentException e) when (e is not InputException { ParamName: "scheme" })
        {
            throw new InputException("scheme", scheme, "euler, midpoint or a deterministic solver", Reason.Of(e), e);
        }
    }

    private static Solver SolverOf(string scheme)
    {
        Solver solver = scheme == Midpoint ? Solver.ExponentialRungeKutta(ButcherTableau.Midpoint) : NamedSolver.Parse(scheme);
        return solver.IsStochastic
            ? throw new InputException(
                "scheme",
                $"{scheme}, which is stochastic,",
                "euler, midpoint or a deterministic solver, since a lookahead predicts")
            : solver;
    }
}
