using Costate.Faces.Reports;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Guidance;

/// <summary>How a picture was degraded before it is to be restored.</summary>
internal sealed record Degradation
{
    internal const int DefaultFactor = 4;
    internal const double DefaultBlur = 2;

    // Of the Gaussian, in deviations on each side.
    private const int Reach = 4;

    /// <summary>The name of a mask.</summary>
    internal string? Mask { get; init; }

    /// <summary>Reads the mask for pictures of a height and a width, 1 where they are seen; needed with one.</summary>
    internal Func<long, long, Tensor>? ReadMask { get; init; }

    /// <summary>
    /// The hidden rectangle: top, left, height and width. The middle of the picture, half as high and wide, if nothing says what is hidden.
    /// </summary>
    internal IReadOnlyList<int>? Box { get; init; }

    /// <summary>The part of the pixels that is hidden.</summary>
    internal double? Hidden { get; init; }

    /// <summary>By how much the picture was made smaller.</summary>
    internal int Factor { get; init; } = DefaultFactor;

    internal bool Bicubic { get; init; }

    /// <summary>Standard deviation of the blur, in pixels.</summary>
    internal double Blur { get; init; } = DefaultBlur;

    /// <summary>Width of a motion blur in its place, in pixels.</summary>
    internal int? MotionBlur { get; init; }

    /// <summary>Standard deviation of the noise, for pictures in -1..1.</summary>
    internal double Noise { get; init; }

    internal ulong Seed { get; init; }

    /// <summary>The operator for pictures of a size on a device; a mask goes to the caller's scope.</summary>
    /// <exception cref="InvalidDataException">The mask or the size does not fit.</exception>
    internal LinearOperator For(GuideTask task, long height, long width, Device device)
    {
        LinearOperator made;
        try
        {
            made = task == GuideTask.Inpaint ? Inpainting(height, width, device)
                : task == GuideTask.SuperResolution
                    ? (Bicubic ? LinearOperator.BicubicReduction(Factor) : LinearOperator.AveragePooling(Factor))
                : MotionBlur is int size ? LinearOperator.MotionBlur(size, seed: Seed)
                : LinearOperator.GaussianBlur(Blur, (2 * (int)Math.Min(Math.Ceiling(Reach * Blur), Math.Min(height, width) - 1)) + 1);
            using DisposeScope scope = NewDisposeScope();
            made.Apply(zeros(1, 3, height, width, device: device));
        }
        catch (ArgumentException e)
        {
            throw new InvalidDataException($"The {task.Name} of pictures of {width} x {height} pixels: {Reason.Of(e)}", e);
        }

        return made;
    }

    /// <summary>By name, for a task.</summary>
    internal IEnumerable<(string Name, Setting? Value)> Describe(GuideTask task) => !task.IsMeasured ? [] :
    [
        .. task == GuideTask.Inpaint ? (IEnumerable<(string, Setting?)>)
            [("mask", Mask), ("box", Box is null ? null : string.Join(',', Box)), ("hidden", Hidden)]
            : task == GuideTask.SuperResolution ? [("factor", Factor), ("reduction", Bicubic ? "bicubic" : "average")]
            : MotionBlur is int size ? [("motionBlur", size)] : [("blur", Blur)],
        ("noise", Noise),
    ];

    private LinearOperator Inpainting(long height, long width, Device device)
    {
        if (Hidden is double hidden)
        {
            return LinearOperator.RandomInpainting(hidden, Seed);
        }

        if (ReadMask is not null)
        {
            return LinearOperator.Masked(ReadMask(height, width).to(device));
        }

        int[] box = Box is null ? [(int)(height / 4), (int)(width / 4), (int)(height / 2), (int)(width / 2)] : [.. Box];
        return LinearOperator.BoxInpainting(box[0], box[1], box[2], box[3]);
    }
}
