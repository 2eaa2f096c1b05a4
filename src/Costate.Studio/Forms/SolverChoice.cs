namespace Costate.Studio.Forms;

/// <summary>A solver as the tool and C# name it.</summary>
/// <param name="Name">Of the tool.</param>
/// <param name="Code">In C#.</param>
internal sealed record SolverChoice(string Name, string Code)
{
    /// <summary>Those that samples are drawn with.</summary>
    internal static IReadOnlyList<SolverChoice> Forward { get; } =
    [
        new("dpm++2m", "Solver.DpmSolverPlusPlus(2)"),
        new("dpm++3m", "Solver.DpmSolverPlusPlus(3)"),
        new("unipc2", "Solver.UniPc(2)"),
        new("ddim", "Solver.Ddim()"),
        new("heun", "Solver.Heun()"),
        new("sde-dpm++2m", "Solver.SdeDpmSolverPlusPlus(2)"),
        new("ddpm", "Solver.Ddpm()"),
    ];

    /// <summary>Those that invert samples; all but the last exactly.</summary>
    internal static IReadOnlyList<SolverChoice> Backward { get; } =
    [
        new("rex:midpoint", "Solver.Rex(ButcherTableau.Midpoint)"),
        new("rex:euler", "Solver.Rex(ButcherTableau.Euler)"),
        new("rex:rk4", "Solver.Rex(ButcherTableau.Rk4)"),
        new("o-belm", "Solver.Belm()"),
        new("edict", "Solver.Edict()"),
        new("bdia", "Solver.Bdia()"),
        new("ddim", "Solver.Ddim()"),
    ];

    /// <summary>In C#, or as it is where the model says which.</summary>
    internal static string CodeOf(string? name, string otherwise) =>
        Forward.Concat(Backward).FirstOrDefault(solver => solver.Name == name)?.Code ?? otherwise;
}
