using Costate.Faces.Inputs;
using Costate.Faces.Morphs;
using Costate.Faces.Pictures;
using Costate.Faces.Recognition;
using Costate.Faces.Reports;
using Costate.Faces.Sampling;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Experiments.Guided;

/// <summary>A model as it is guided. Owns its networks.</summary>
/// <param name="Model">The model.</param>
/// <param name="Condition">What it is told, [1, ...], or null.</param>
/// <param name="Size">Of its pictures, where they may have any; null where the picture given says it.</param>
/// <param name="Told">By name: what results say of it.</param>
internal sealed record GuidedModel(
    Model Model, Condition? Condition, (int Width, int Height)? Size, IReadOnlyList<(string Name, Setting? Value)> Told) : IDisposable
{
    /// <summary>The CLIP pair and the text that pictures shall fit; null where they are guided to something else.</summary>
    internal (TextLikeness Likeness, string Text)? Goal { get; init; }

    /// <summary>How little pictures [batch, 3, height, width] fit the text, from 0 to 2 for each; null without one.</summary>
    internal Func<Tensor, Tensor>? Unlikeness => Goal is var (likeness, text)
        ? x => 1 - likeness.Score(x, text)
        : null;

    /// <summary>A pipeline as it is guided, which owns it.</summary>
    /// <param name="pipeline">The pipeline.</param>
    /// <param name="prompting">What it is told.</param>
    /// <param name="goal">The text that its pictures shall fit; null where they are guided to something else.</param>
    internal static GuidedModel Of(DiffusionPipeline pipeline, Prompting prompting, string? goal)
    {
        (int Width, int Height) size = prompting.SizeOf(pipeline);
        TextLikeness? likeness = goal is null ? null : TextLikeness.Of(pipeline, truncate: true);
        return new GuidedModel(
            pipeline.ToModel(prompting.GuidanceScale, prompting.Negative, truncate: true, (size.Height, size.Width)),
            Prompting.ConditionOf(pipeline, prompting.Prompts, batch: 1),
            size,
            [
                .. (prompting with { Prompts = goal is null ? prompting.Prompts : [goal] }).Describe(),
                ("weights", prompting.Weights),
                ("size", FormattableString.Invariant($"{size.Width}x{size.Height}")),
            ])
        {
            Goal = likeness is null ? null : (likeness, goal!),
        };
    }

    /// <summary>
    /// The picture that samples are guided to, [1, 3, height, width]: the user's, a bundled one, or an empty one where its size alone
    /// counts; null where the user must name one.
    /// </summary>
    /// <param name="picture">As the user named it, or null.</param>
    /// <param name="request">What samples are guided to.</param>
    /// <param name="files">Where pictures come from.</param>
    /// <exception cref="InvalidDataException">There is no such file, or it is no picture.</exception>
    internal Tensor? Input(string? picture, GuideRequest request, InputFiles files)
    {
        if (Size is var (width, height) && !request.IsObserved && (picture is not null || request.Task.NeedsNoPicture))
        {
            return picture is null
                ? zeros(1, 3, height, width, device: Model.Device)
                : FacePicture.ReadMiddle(picture, files.Picture("the picture", picture), width, height);
        }

        if (Model.Shape is [3, long rows, _] && !request.IsObserved)
        {
            int side = (int)rows;
            return FacePicture.Stack(
                [picture is null ? ExampleFaces.Read(side).A : FacePicture.Read(picture, files.Picture("the picture", picture), side)],
                side);
        }

        if (picture is null)
        {
            return null;
        }

        using var encoded = new EncodedPicture($"the picture {picture}", files.Picture("the picture", picture));
        return encoded.ToSample(grey: false);
    }

    /// <summary>Disposes its networks.</summary>
    public void Dispose()
    {
        Model.Dispose();
        Goal?.Likeness.Dispose();
    }
}
