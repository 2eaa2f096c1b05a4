using Costate.Cli.Models;
using Costate.Cli.Output;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Guidance;

/// <summary>How a picture was degraded before it is to be restored.</summary>
internal sealed record Degradation
{
    internal const int DefaultFactor = 4;
    internal const double DefaultBlur = 2;

    // Of the Gaussian, in deviations on each side.
    private const int Reach = 4;

    /// <summary>Where the mask comes from; needed with one.</summary>
    internal InputFiles? Files { get; init; }

    /// <summary>A picture of the size of the image, white where it is seen.</summary>
    internal string? Mask { get; init; }

    /// <summary>The hidden rectangle: top, left, height and width. The middle of the picture, half as high and wide, if nothing says what is hidden.</summary>
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

    /// <summary>The operator for pictures of a size; a mask goes to the caller's scope.</summary>
    /// <exception cref="CommandException">The mask or the size does not fit.</exception>
    internal LinearOperator For(GuideTask task, long height, long width)
    {
        LinearOperator made;
        try
        {
            made = task == GuideTask.Inpaint ? Inpainting(height, width)
                : task == GuideTask.SuperResolution ? (Bicubic ? LinearOperator.BicubicReduction(Factor) : LinearOperator.AveragePooling(Factor))
                : MotionBlur is int size ? LinearOperator.MotionBlur(size, seed: Seed)
                : LinearOperator.GaussianBlur(Blur, (2 * (int)Math.Min(Math.Ceiling(Reach * Blur), Math.Min(height, width) - 1)) + 1);
            using DisposeScope scope = NewDisposeScope();
            made.Apply(zeros(1, 3, height, width));
        }
        catch (ArgumentException e)
        {
            throw new CommandException($"The {task.Name} of pictures of {width} x {height} pixels: {FailureText.Of(e)}", e);
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

    private LinearOperator Inpainting(long height, long width)
    {
        if (Hidden is double hidden)
        {
            return LinearOperator.RandomInpainting(hidden, Seed);
        }

        if (Mask is string file)
        {
            return LinearOperator.Masked(ReadMask(Files!, file, height, width));
        }

        int[] box = Box is null ? [(int)(height / 4), (int)(width / 4), (int)(height / 2), (int)(width / 2)] : [.. Box];
        return LinearOperator.BoxInpainting(box[0], box[1], box[2], box[3]);
    }

    private static Tensor ReadMask(InputFiles files, string file, long height, long width)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor read = ImageFile.Read($"--mask {file}", files.Picture("--mask", file), shape: null);
        if (read.shape[2] != height || read.shape[3] != width)
        {
            throw new CommandException($"Got --mask {file} of {read.shape[3]} x {read.shape[2]} pixels for pictures of {width} x {height}; expected the same size. White is seen, black is hidden.");
        }

        Tensor seen = read[0].mean([0L]).greater(0).to(ScalarType.Float32);
        long hidden = seen.eq(0).sum().item<long>();
        return hidden > 0 && hidden < seen.numel()
            ? seen.MoveToOuterDisposeScope()
            : throw new CommandException($"Got --mask {file}, which is all {(hidden == 0 ? "white: it hides nothing" : "black: it hides everything")}; expected white where the picture is seen and black where it is hidden.");
    }
}
