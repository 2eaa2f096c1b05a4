namespace Costate.Experiments.Reversibility;

/// <summary>The mean squared error of a latent of Stable Diffusion 1.5, as published.</summary>
/// <param name="Method">The <see cref="InversionMethod.Id"/> that it is shown beside; the tableau of the published Rex is not told.</param>
/// <param name="Label">Its name.</param>
/// <param name="Errors">At each of <see cref="Steps"/>.</param>
internal sealed record PublishedInversion(string Method, string Label, IReadOnlyList<double> Errors)
{
    internal static IReadOnlyList<int> Steps { get; } = [10, 20, 50];

    internal static IReadOnlyList<PublishedInversion> All { get; } =
    [
        new("ddim", "DDIM", [3.6e-1, 9.9e-2, 1.7e-2]),
        new("edict", "EDICT", [1.6e-6, 2.0e-7, 2.2e-9]),
        new("bdia", "BDIA", [3.3e-7, 1.3e-7, 2.3e-8]),
        new("o-belm", "O-BELM", [1.1e-7, 2.2e-7, 3.4e-7]),
        new("rex-euler", "Rex", [3.8e-9, 2.0e-9, 8.9e-10]),
    ];
}
