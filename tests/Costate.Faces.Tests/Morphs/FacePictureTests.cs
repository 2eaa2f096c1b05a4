using Costate.Faces.Morphs;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Morphs;

public sealed class FacePictureTests : IDisposable
{
    private const int Side = 16;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void PictureOfTheSize_IsReadAsItIs()
    {
        using var scope = NewDisposeScope();
        string path = Testing.Pictures.Write(folder.PathTo("a.png"), Side, Side, (x, y) => new SKColor((byte)(16 * x), (byte)(16 * y), 7));
        FacePicture picture = Read(path);
        Assert.Equal(3 * Side * Side, picture.Values.Length);
        Assert.Equal(16 * 3, picture.Values[(5 * Side) + 3]);
        Assert.Equal(16 * 5, picture.Values[(Side * Side) + (5 * Side) + 3]);
        Assert.Equal(7, picture.Values[^1]);
        Assert.Equal(64, picture.Sha256.Length);
        Tensor faces = FacePicture.Stack([picture, picture], Side);
        Assert.Equal([2, 3, Side, Side], faces.shape);
        Assert.Equal((48 / 127.5) - 1, faces[1, 0, 5, 3].item<float>(), 1e-6);
    }

    [Theory]
    [InlineData(64, 32, SKEncodedImageFormat.Png)]
    [InlineData(200, 600, SKEncodedImageFormat.Jpeg)]
    [InlineData(20, 17, SKEncodedImageFormat.Png)]
    public void MiddleSquare_IsTaken(int width, int height, SKEncodedImageFormat format)
    {
        // Red within the middle square, blue outside.
        int shorter = Math.Min(width, height);
        (int left, int top) = ((width - shorter) / 2, (height - shorter) / 2);
        string path = Testing.Pictures.Write(
            folder.PathTo("a.img"),
            width,
            height,
            (x, y) => x >= left && x < left + shorter && y >= top && y < top + shorter ? SKColors.Red : SKColors.Blue,
            format);
        FacePicture picture = Read(path);
        ReadOnlySpan<byte> inner = picture.Values.AsSpan(Side * (Side / 2), Side);
        Assert.True(inner[Side / 2] > 240);
        Assert.True(inner[1] > 200 && inner[Side - 2] > 200);
    }

    [Fact]
    public void TransparentParts_AreWhite_AndGreyIsGrey()
    {
        string clear = Testing.Pictures.Write(folder.PathTo("clear.png"), Side, Side, (_, _) => new SKColor(10, 20, 30, 0));
        Assert.All(Read(clear).Values, v => Assert.Equal(255, v));
        string grey = folder.Write("grey.png", Testing.Pictures.Png(Side, colourType: 0, bits: 8, [.. Enumerable.Repeat((byte)0x40, Side)]));
        Assert.All(Read(grey).Values, v => Assert.Equal(0x40, v));
        string deep = folder.Write(
            "deep.png",
            Testing.Pictures.Png(Side, colourType: 2, bits: 16, [.. Enumerable.Range(0, 6 * Side).Select(i => i % 2 == 0 ? (byte)0x80 : (byte)0)]));
        Assert.All(Read(deep).Values, v => Assert.InRange(v, 0x7F, 0x81));
    }

    [Fact]
    public void WhatCannotBeUsed_IsRefused()
    {
        Refused(folder.Write("text.png", "not a picture"), "whole PNG, JPEG or WebP");
        Refused(folder.Write("empty.png", ""), "whole PNG, JPEG or WebP");
        Refused(Testing.Pictures.Write(folder.PathTo("dot.png"), 1, 1), "1 x 1", "at least 16 x 16");
        Refused(Testing.Pictures.Write(folder.PathTo("thin.png"), 400, 2), "400 x 2");
        byte[] whole = File.ReadAllBytes(
            Testing.Pictures.Write(folder.PathTo("whole.png"), 64, 64, (x, y) => new SKColor((byte)(x * y), (byte)(7 * x), (byte)(31 * y))));
        Refused(folder.Write("cut.png", whole[..(whole.Length / 2)]), "cannot be read in full");
        Refused(folder.Write("huge.png", Testing.Pictures.Png(20000, colourType: 0, bits: 1, [])), "20000 x 20000", "at most");
    }

    private static FacePicture Read(string path) => FacePicture.Read(Path.GetFileName(path), File.ReadAllBytes(path), Side);

    private static void Refused(string path, params string[] texts)
    {
        string message = Assert.Throws<InvalidDataException>(() => Read(path)).Message;
        Assert.All([Path.GetFileName(path), .. texts], text => Assert.Contains(text, message));
    }
}
