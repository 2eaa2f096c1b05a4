using Costate.Faces.Names;

namespace Costate.Experiments.Editing;

/// <summary>A way to find the noise of a picture, from which another text draws another picture.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Label">Its name in tables and plots.</param>
/// <param name="Solver">The solver.</param>
/// <param name="EvaluationsPerStep">Network evaluations a step, to plan the time.</param>
/// <param name="StepFactor">How many of its steps count as one, for a method that is to have as many evaluations as another.</param>
/// <param name="Published">LPIPS and CLIP score at 50 steps on the pictures of pix2pix, as published; null where there are none.</param>
internal sealed record EditingMethod(
    string Id, string Label, Solver Solver, int EvaluationsPerStep, int StepFactor = 1, (double Lpips, double Clip)? Published = null)
{
    // As many evaluations as Rex(Euler).
    private const string DoubledDdim = "ddim-doubled";

    internal static IReadOnlyList<EditingMethod> All { get; } =
    [
        new("ddim", "DDIM", Solver.Ddim(), 1, Published: (0.214, 0.844)),
        new(DoubledDdim, "DDIM, twice the steps", Solver.Ddim(), 1, StepFactor: 2),
        new("edict", "EDICT", Solver.Edict(), 2),
        new("bdia", "BDIA", Solver.Bdia(), 1, Published: (0.885, 0.642)),
        new("o-belm", "O-BELM", Solver.Belm(), 1, Published: (0.140, 0.835)),
        new("rex-euler", "Rex(Euler)", Solver.Rex(ButcherTableau.Euler), 2, Published: (0.117, 0.845)),
        new("rex-midpoint", "Rex(midpoint)", Solver.Rex(ButcherTableau.Midpoint), 4),
        new("rex-rk4", "Rex(RK4)", Solver.Rex(ButcherTableau.Rk4), 8),
        new("rex-dopri5", "Rex(Dopri5)", Solver.Rex(ButcherTableau.DormandPrince), 12, Published: (0.107, 0.833)),
        new("rex-euler-noise", "Rex(Euler), noise", Solver.Rex(ButcherTableau.Euler, prediction: Prediction.Noise), 2),
        new("rex-midpoint-noise", "Rex(midpoint), noise", Solver.Rex(ButcherTableau.Midpoint, prediction: Prediction.Noise), 4),
        new("rex-rk4-noise", "Rex(RK4), noise", Solver.Rex(ButcherTableau.Rk4, prediction: Prediction.Noise), 8),
        new("rex-sde", "Rex-SDE(Euler-Maruyama)", Solver.Rex(ButcherTableau.EulerMaruyama), 2),
        new("cycle-diffusion", "CycleDiffusion", Solver.SdeDpmSolverPlusPlus(1), 1),
    ];

    /// <summary>What others are compared with at equal evaluations.</summary>
    internal static EditingMethod Reference { get; } = All.Single(m => m.Id == DoubledDdim);

    /// <summary>Whether the noise of each step is found, rather than drawn from a seed.</summary>
    internal bool EncodesNoise => Id == "cycle-diffusion";

    /// <summary>Whether latents should come back to the last bit.</summary>
    internal bool IsExact => Solver.IsReversible;

    /// <summary>The methods of a list with commas between them; all of null.</summary>
    /// <exception cref="InputException">One is unknown.</exception>
    internal static IReadOnlyList<EditingMethod> Parse(string? list) => list is null
        ? All
        : [.. list.Split(',').Select(id => Specification.Find("methods", id.Trim(), All, m => m.Id)).Distinct()];
}
