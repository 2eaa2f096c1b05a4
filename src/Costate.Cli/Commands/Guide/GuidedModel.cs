using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Guide;

/// <summary>A model as it is guided. Owns its networks.</summary>
/// <param name="Model">The model.</param>
/// <param name="Condition">What it is told, [1, ...], or null.</param>
/// <param name="Size">Of its pictures, where they may have any; null where the picture given says it.</param>
/// <param name="Told">By name: what results say of it.</param>
internal sealed record GuidedModel(
    Model Model, Condition? Condition, (int Width, int Height)? Size, IReadOnlyList<(string Name, Setting? Value)> Told) : IDisposable
{
    /// <summary>Where it computes.</summary>
    internal Device Device { get; init; } = CPU;

    /// <summary>The CLIP pair and the text that pictures shall fit; null where they are guided to something else.</summary>
    internal (TextLikeness Likeness, string Text)? Goal { get; init; }

    /// <summary>How little pictures [batch, 3, height, width] fit the text, from 0 to 2 for each; null without one.</summary>
    internal Func<Tensor, Tensor>? Unlikeness => Goal is var (likeness, text)
        ? x => 1 - likeness.Of(x, [.. Enumerable.Repeat(text, (int)x.shape[0])])
        : null;

    /// <summary>Disposes its networks.</summary>
    public void Dispose()
    {
        Model.Dispose();
        Goal?.Likeness.Dispose();
    }
}
