using Costate.Faces.Names;

namespace Costate.Faces.Guidance;

/// <summary>What samples are guided to.</summary>
/// <param name="Name">What it is called in settings and reports.</param>
/// <param name="Label">For people.</param>
/// <param name="IsMeasured">Whether a linear operator has measured a picture, which the sample shall fit.</param>
internal sealed record GuideTask(string Name, string Label, bool IsMeasured)
{
    internal static GuideTask Inpaint { get; } = new("inpaint", "Inpainting", true);

    internal static GuideTask SuperResolution { get; } = new("super-resolution", "Super-resolution", true);

    internal static GuideTask Deblur { get; } = new("deblur", "Deblurring", true);

    internal static GuideTask Identity { get; } = new("identity", "Identity", false);

    internal static GuideTask Prompt { get; } = new("prompt", "Prompt", false);

    internal static GuideTask OwnLoss { get; } = new("custom-torchscript-loss", "Own loss", false);

    /// <summary>Those that need nothing but a picture.</summary>
    internal static IReadOnlyList<GuideTask> Evaluated { get; } = [Inpaint, SuperResolution, Deblur, Identity];

    internal static IReadOnlyList<GuideTask> All { get; } = [.. Evaluated, Prompt, OwnLoss];

    /// <summary>Whether it needs no picture, where the size is known without one.</summary>
    internal bool NeedsNoPicture => this == Prompt || this == OwnLoss;

    /// <exception cref="InputException">There is no such task.</exception>
    internal static GuideTask Parse(string parameter, string name, IReadOnlyList<GuideTask> among) =>
        Specification.Find(parameter, name, among, t => t.Name);
}
