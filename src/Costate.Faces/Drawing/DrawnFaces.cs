using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Drawing;

/// <summary>
/// Portraits of people who do not exist, drawn from numbers: the same identity seed is the same person, the same circumstance seed
/// the same expression, pose, light, clothes and background. Seeds up to <see cref="FirstHeldOut"/> are for training.
/// </summary>
public static class DrawnFaces
{
    /// <summary>The first identity that nothing is trained on.</summary>
    public const ulong FirstHeldOut = 1_000_000;

    /// <summary>The smallest side of a portrait, in pixels.</summary>
    public const int SmallestSize = 16;

    /// <summary>The largest side of a portrait, in pixels.</summary>
    public const int LargestSize = 4096;

    /// <summary>One portrait.</summary>
    /// <param name="identity">Who.</param>
    /// <param name="circumstance">When.</param>
    /// <param name="size">Height and width in pixels.</param>
    internal static SKBitmap Draw(ulong identity, ulong circumstance, int size = 64)
    {
        return Draw(FaceIdentity.FromSeed(identity), Moment(identity, circumstance), new SeededTraits(identity, circumstance), size);
    }

    /// <summary>One portrait of a person at a moment, which no seed need have drawn.</summary>
    /// <param name="person">Who.</param>
    /// <param name="moment">When.</param>
    /// <param name="grain">Draws what a camera adds.</param>
    /// <param name="size">Height and width in pixels.</param>
    internal static SKBitmap Draw(FaceIdentity person, FaceCircumstance moment, SeededTraits grain, int size)
    {
        if (size is < SmallestSize or > LargestSize)
        {
            throw new ArgumentOutOfRangeException(
                nameof(size),
                $"Got portraits of {size} pixels a side; expected {SmallestSize} to {LargestSize}.");
        }

        var info = new SKImageInfo(size, size, SKColorType.Rgba8888, SKAlphaType.Premul, SKColorSpace.CreateSrgb());
        var sharp = new SKBitmap(info);
        using (var canvas = new SKCanvas(sharp))
        {
            canvas.Scale(size / 64f);
            FacePainter.Paint(canvas, person, moment);
        }

        SKBitmap picture = moment.Blur > 0 ? Blurred(sharp, moment.Blur * size / 64f) : sharp;
        Grain(picture, moment.Noise, grain);
        return picture;
    }

    /// <summary>What a portrait shows beside who it is.</summary>
    internal static FaceCircumstance Moment(ulong identity, ulong circumstance) =>
        FaceCircumstance.FromSeed(circumstance ^ (identity * 0x9E3779B97F4A7C15));

    /// <summary>Portraits as bytes from 0 to 255, [count, 3, size, size], red first, in the caller's dispose scope.</summary>
    /// <param name="seeds">Who, and when, of each; the same seeds give the same bits on one machine.</param>
    /// <param name="size">Height and width in pixels, from <see cref="SmallestSize"/> to <see cref="LargestSize"/>.</param>
    /// <param name="cancellationToken">Looked at before each portrait.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is outside its range.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static Tensor Batch(
        IReadOnlyList<(ulong Identity, ulong Circumstance)> seeds,
        int size = 64,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(seeds);
        return Batch(seeds.Count, i => Draw(seeds[i].Identity, seeds[i].Circumstance, size), size, cancellationToken);
    }

    /// <summary>The same of portraits that are drawn otherwise.</summary>
    internal static Tensor Batch(int count, Func<int, SKBitmap> draw, int size, CancellationToken cancellationToken)
    {
        byte[] pixels = new byte[checked(count * 4 * size * size)];
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using SKBitmap portrait = draw(i);
            portrait.GetPixelSpan().CopyTo(pixels.AsSpan(i * 4 * size * size));
        }

        using DisposeScope scope = NewDisposeScope();
        return tensor(pixels, [count, size, size, 4], ScalarType.Byte, CPU)[.., .., .., ..3]
            .permute(0, 3, 1, 2)
            .contiguous()
            .MoveToOuterDisposeScope();
    }

    private static SKBitmap Blurred(SKBitmap sharp, float radius)
    {
        using (sharp)
        {
            var soft = new SKBitmap(sharp.Info);
            using var canvas = new SKCanvas(soft);
            using SKImageFilter filter = SKImageFilter.CreateBlur(radius, radius, SKShaderTileMode.Clamp);
            using var paint = new SKPaint { ImageFilter = filter };
            canvas.DrawBitmap(sharp, 0, 0, paint);
            return soft;
        }
    }

    // What a camera adds in dim light. Each pixel gets one value for its three channels.
    private static void Grain(SKBitmap picture, float levels, SeededTraits draw)
    {
        Span<byte> pixels = picture.GetPixelSpan();
        for (int i = 0; i < pixels.Length; i += 4)
        {
            int grain = (int)MathF.Round(levels * draw.Around(-1.7, 1.7));
            for (int c = 0; c < 3; c++)
            {
                pixels[i + c] = (byte)Math.Clamp(pixels[i + c] + grain, 0, 255);
            }
        }
    }
}
