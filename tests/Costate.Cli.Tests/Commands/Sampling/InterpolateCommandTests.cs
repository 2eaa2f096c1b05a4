using System.Text.Json;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Sampling;

/// <summary>costate interpolate.</summary>
public sealed class InterpolateCommandTests : InversionFiles
{
    [Fact]
    public void Interpolation_BeginsAndEndsWithTheSamples()
    {
        using var scope = NewDisposeScope();
        ToolRun run = Tool.Done(["interpolate", picture, other, .. Inputs(), "--count", "4", "--json", "--output", folder.PathTo("out")]);
        Tensor all = Read("out", "interpolation.safetensors", "sample");
        Assert.Equal([4, 3, 8, 8], all.shape);
        Assert.Equal([4, 3, 8, 8], JsonDocument.Parse(run.Output).RootElement.GetProperty("shape").Deserialize<long[]>()!);

        // The network's answers change in their last bits (of 24) with the size of the batch.
        Assert.True(all[0].allclose(PictureTensor()[0], rtol: 0, atol: 1e-4));
        Assert.True(all[3].allclose(PictureTensor(other)[0], rtol: 0, atol: 1e-4));
        Assert.False(all[1].allclose(all[0], rtol: 0, atol: 0.01));
        using SKBitmap strip = SKBitmap.Decode(folder.PathTo("out", "sheet.png"));
        Assert.Equal((2 + (4 * 66), 68), (strip.Width, strip.Height));
    }

    [Fact]
    public void Interpolation_GoesWithGuidanceAndAStochasticSolver()
    {
        using var scope = NewDisposeScope();
        Tool.Done([
            "interpolate",
            picture,
            other,
            .. Inputs("--solver", "rex:euler-maruyama", "--guidance-scale", "2", "--unconditional", "zeros", "--condition", Tool.Condition),
            "--count",
            "3",
            "--output",
            folder.PathTo("out"),
        ]);
        Tensor all = Read("out", "interpolation.safetensors", "sample");

        // Both ends are on the one path that was inverted; a float32 network in another batch, and an SDE that amplifies rounding.
        Assert.True(all[2].allclose(PictureTensor(other)[0], rtol: 0, atol: 0.05));
    }

    [Fact]
    public void Interpolation_OfWhatDoesNotGoTogether_IsRefused()
    {
        using var scope = NewDisposeScope();
        Fails(
            ["interpolate", picture, Pictures.Write(folder.PathTo("large.png"), 16, 16), .. Inputs()],
            "[1, 3, 8, 8]",
            "[1, 3, 16, 16]",
            "same shape");
        string two = Tensors("two.safetensors", "x", zeros(2, 3, 8, 8));
        Fails(["interpolate", two, two, .. Inputs()], "[2, 3, 8, 8]", "one sample each");
        Fails(
            ["interpolate", picture, other, .. Inputs("--guidance-scale", "2", "--unconditional", Tool.Condition)],
            "--unconditional",
            "[2, 5]",
            "[1, ...]");
        Tool.Fails(2, ["interpolate", picture, other, .. Inputs(), "--count", "1"], "Got 1 for --count", "from 2 to 64");
        Tool.Fails(2, ["interpolate", picture, other, .. Inputs(), "--count", "65"], "Got 65 for --count", "from 2 to 64");
    }
}
