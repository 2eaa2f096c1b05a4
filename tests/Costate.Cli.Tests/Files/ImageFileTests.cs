using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Files;

public sealed class ImageFileTests
{
    [Fact]
    public void Colours_AreFromBlackToWhite()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tensor read = ToolFiles.Picture(
            Pictures.Write(folder.PathTo("p.png"), 3, 2, (x, y) => new SKColor((byte)(x == 0 ? 0 : 255), (byte)(10 * y), 51)),
            [3, 2, 3]);
        Assert.Equal([1, 3, 2, 3], read.shape);
        Assert.Equal(-1, read[0, 0, 1, 0].item<float>());
        Assert.Equal(1, read[0, 0, 1, 2].item<float>());
        Assert.Equal((10 / 127.5f) - 1, read[0, 1, 1, 2].item<float>(), 1e-6f);
        Assert.Equal(-0.6f, read[0, 2, 0, 0].item<float>(), 1e-6f);
    }

    [Fact]
    public void WhatShinesThrough_IsWhite()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tensor read = ToolFiles.Picture(
            Pictures.Write(folder.PathTo("p.png"), 2, 1, (x, _) => new SKColor(255, 0, 0, (byte)(x == 0 ? 0 : 102))),
            null);
        Assert.Equal([1, 1, 1], read[0, .., 0, 0].data<float>().ToArray());

        // 0.4 red over white is (1, 0.6, 0.6), in 255 levels.
        Assert.Equal(1, read[0, 0, 0, 1].item<float>(), 1e-6f);
        Assert.Equal(0.2f, read[0, 1, 0, 1].item<float>(), 0.01f);
    }

    [Fact]
    public void OneChannel_IsGrey_AndGreyIsThreeChannels()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string green = Pictures.Write(folder.PathTo("green.png"), 2, 2, (_, _) => new SKColor(0, 255, 0));
        Assert.Equal((2 * 0.587f) - 1, ToolFiles.Picture(green, [1, 2, 2])[0, 0, 1, 1].item<float>(), 1e-5f);
        using var bitmap = new SKBitmap(new SKImageInfo(2, 2, SKColorType.Gray8));
        bitmap.Erase(new SKColor(102, 102, 102));
        using SKData grey = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        Tensor read = ToolFiles.Picture(folder.Write("grey.png", grey.ToArray()), [3, 2, 2]);
        Assert.True(read.allclose(full([1, 3, 2, 2], -0.2f), atol: 0.01));
    }

    [Fact]
    public void Jpeg_IsRead()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tensor read = ToolFiles.Picture(
            Pictures.Write(folder.PathTo("p.jpg"), 16, 8, (_, _) => new SKColor(255, 255, 255), SKEncodedImageFormat.Jpeg),
            null);
        Assert.Equal([1, 3, 8, 16], read.shape);
        Assert.True(read.min().item<float>() > 0.97f);
    }

    [Fact]
    public void PicturesThatDoNotFit_AreRefused()
    {
        using var folder = new TemporaryFolder();
        string path = Pictures.Write(folder.PathTo("p.png"), 8, 6);
        string cut = folder.Write("cut.png", File.ReadAllBytes(path)[..60]);
        string broken = folder.Write("broken.png", File.ReadAllBytes(path)[..20]);
        Refused(path, [3, 8, 8], "8 wide and 6 high", "8 wide and 8 high", "3,8,8");
        Refused(path, [4, 6, 8], "4,6,8", "3,6,8", "1,6,8");
        Refused(path, [5], "--shape 5");
        Refused(cut, null, "cut.png", "whole PNG, JPEG or WebP");
        Refused(broken, null, "broken.png", "whole PNG, JPEG or WebP");
    }

    private static void Refused(string path, long[]? shape, params string[] says)
    {
        Exception refusal = Assert.ThrowsAny<Exception>(() => { ToolFiles.Picture(path, shape); });
        Assert.True(refusal is CommandException or InvalidDataException or InputException, refusal.ToString());
        string message = refusal.Message;
        Assert.All(says, text => Assert.Contains(text, message, StringComparison.Ordinal));
    }
}
