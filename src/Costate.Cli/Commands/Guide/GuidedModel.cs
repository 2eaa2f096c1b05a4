using Costate.Faces.Reports;
using Costate.Networks;

namespace Costate.Cli.Commands.Guide;

/// <summary>A model of the user's, as it is guided.</summary>
/// <param name="Model">The model; whoever asked for it disposes it.</param>
/// <param name="Condition">What it is told, [1, ...], or null.</param>
/// <param name="Size">Of its pictures, where they may have any; null where the picture given says it.</param>
/// <param name="Told">By name: what results say of it.</param>
internal sealed record GuidedModel(
    Model Model, Condition? Condition, (int Width, int Height)? Size, IReadOnlyList<(string Name, Setting? Value)> Told);
