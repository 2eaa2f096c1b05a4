using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>
/// Faces a little moved, darker or lighter, blurred and noisy, each by its own amounts, so that a recogniser minds none of it. Never
/// mirrored: a parting or a mole is on one side.
/// </summary>
internal static class FaceAugmentation
{
    private const int Shift = 2;
    private const double Brightness = 0.15;
    private const double Noise = 0.12;

    internal static Tensor Apply(Tensor faces, StepRandom random)
    {
        using DisposeScope scope = NewDisposeScope();
        long count = faces.shape[0];
        Tensor changed = Shifted(faces, random);
        changed = lerp(changed, Blurred(changed), random.Uniform(count, 1, 1, 1));
        Tensor contrast = 1 + (random.Normal(count, 1, 1, 1) * Brightness);
        Tensor offset = random.Normal(count, 1, 1, 1) * Brightness;
        Tensor noise = random.Normal(faces.shape) * (random.Uniform(count, 1, 1, 1).square() * Noise);
        return ((changed * contrast) + offset + noise).MoveToOuterDisposeScope();
    }

    /// <summary>Faces moved by up to two pixels each way.</summary>
    internal static Tensor Shifted(Tensor faces, StepRandom random)
    {
        Tensor padded = nn.functional.pad(faces, [Shift, Shift, Shift, Shift], PaddingModes.Replicate);
        long[] at = [.. random.Integers((2 * Shift) + 1, 2 * faces.shape[0]).data<long>()];
        return stack([
            .. Enumerable
                .Range(0, (int)faces.shape[0])
                .Select(i => padded[i].narrow(1, at[2 * i], faces.shape[2]).narrow(2, at[(2 * i) + 1], faces.shape[3])),
        ]);
    }

    // A binomial kernel over three pixels, twice.
    private static Tensor Blurred(Tensor faces)
    {
        Tensor row = tensor(new[] { 1f, 4f, 6f, 4f, 1f }) / 16;
        Tensor across = row.view(1, 1, 1, 5).expand(3, 1, 1, 5).contiguous();
        Tensor down = row.view(1, 1, 5, 1).expand(3, 1, 5, 1).contiguous();
        Tensor padded = nn.functional.pad(faces, [2, 2, 2, 2], PaddingModes.Replicate);
        return nn.functional.conv2d(nn.functional.conv2d(padded, across, groups: 3), down, groups: 3);
    }
}
