using System.Globalization;

namespace Costate.Faces.Names;

/// <summary>A reversible solver with numbers of its own by its name: <c>rex:rk4:0.99</c>, <c>edict:0.9</c>.</summary>
internal static class NamedReversible
{
    internal const string Forms = "rex:TABLEAU[:COUPLING], rex-noise:TABLEAU[:COUPLING], edict[:MIXING], bdia[:GAMMA]";

    private const double DefaultCoupling = 0.999;

    /// <summary>The solver that a text stands for; null where it is none of these.</summary>
    /// <exception cref="InputException">It is, but the tableau is unknown or a number is out of range.</exception>
    internal static Solver? Parse(string text)
    {
        string[] parts = text.ToLowerInvariant().Split(':');
        try
        {
            return parts switch
            {
                ["rex", var tableau] => Rex(tableau, DefaultCoupling, Prediction.Data),
                ["rex", var tableau, var number] => Rex(tableau, Number(text, number), Prediction.Data),
                ["rex-noise", var tableau] => Rex(tableau, DefaultCoupling, Prediction.Noise),
                ["rex-noise", var tableau, var number] => Rex(tableau, Number(text, number), Prediction.Noise),
                ["edict", var number] => Solver.Edict(Number(text, number)),
                ["bdia", var number] => Solver.Bdia(Number(text, number)),
                ["rex" or "rex-noise", ..] => throw new InputException(
                    "solver",
                    text,
                    $"{parts[0]}:TABLEAU or {parts[0]}:TABLEAU:COUPLING, such as {parts[0]}:rk4:0.999",
                    $"Tableaus: {Tableaus}."),
                _ => null,
            };
        }
        catch (ArgumentException e) when (e is not InputException { ParamName: "solver" })
        {
            throw new InputException("solver", text, "one whose numbers are in range", Reason.Of(e).Split('\n')[0], e);
        }
    }

    internal static string Table() => $"""
            Reversible solvers (for the method reversible, and exact inversion); the network is evaluated twice a step for each stage of the
            tableau:
          rex:TABLEAU[:COUPLING]        Rex, data prediction; coupling in (0, 1], 0.999 unless said
          rex-noise:TABLEAU[:COUPLING]  the same in noise prediction, which is less accurate at few steps
          edict[:MIXING]                EDICT, 2 evaluations a step; mixing in (0, 1], 0.93 unless said
          bdia[:GAMMA]                  BDIA, 1 evaluation a step; gamma in (0, 1], 1 unless said
          o-belm                        O-BELM, 1 evaluation a step
        Tableaus: {Tableaus}.
        """;

    private static string Tableaus =>
        string.Join(", ", ButcherTableau.All.Where(t => !t.IsStochastic).Select(t => t.Name))
        + "; stochastic: " + string.Join(", ", ButcherTableau.All.Where(t => t.IsStochastic).Select(t => t.Name));

    private static Solver Rex(string tableau, double coupling, Prediction prediction) => Solver.Rex(
        ButcherTableau.All.FirstOrDefault(t => t.Name == tableau)
            ?? throw new InputException("solver", $"rex with the tableau {tableau}", $"rex with one of: {Tableaus}"),
        coupling,
        prediction);

    private static double Number(string text, string number) =>
        double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value)
            ? value
            : throw new InputException("solver", text, "one with a number in (0, 1] after the last colon");
}
