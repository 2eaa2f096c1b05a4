using Costate.Networks;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Sampling;

/// <summary>Two pictures and two conditions in a folder, for the commands that go from samples to noise and back.</summary>
public abstract class InversionFiles : IDisposable
{
    private protected readonly TemporaryFolder folder = new();
    private protected readonly string picture;
    private protected readonly string other;
    private protected readonly string condition;
    private protected readonly string otherCondition;

    private protected InversionFiles()
    {
        using var scope = NewDisposeScope();
        picture = Pictures.Write(folder.PathTo("a.png"), 8, 8);
        other = Pictures.Write(folder.PathTo("b.png"), 8, 8, (x, y) => new SKColor((byte)(20 * y), (byte)(31 * x), 60));
        condition = Tensors("c.safetensors", "z", StartNoise.Draw([1, 5], 1));
        otherCondition = Tensors("d.safetensors", "z", StartNoise.Draw([1, 5], 2));
    }

    public void Dispose()
    {
        folder.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected string[] Inputs(params string?[] changes) => Tool.Inverts(["--condition", condition, .. changes]);

    private protected void Fails(string[] arguments, params string[] says) => Fails(1, arguments, says);

    private protected void Fails(int exitCode, string[] arguments, params string[] says)
    {
        Tool.Fails(exitCode, [.. arguments, "--output", folder.PathTo("refused")], says);
        Assert.False(Directory.Exists(folder.PathTo("refused")));
    }

    private protected string Tensors(string file, string name, Tensor value)
    {
        SafetensorsFile.Write(folder.PathTo(file), new Dictionary<string, Tensor> { [name] = value });
        return folder.PathTo(file);
    }

    private protected Tensor Read(string output, string file, string name)
    {
        using SafetensorsFile opened = SafetensorsFile.Open(folder.PathTo(output, file));
        return opened.Read(name);
    }

    private protected Tensor PictureTensor(string? path = null) => ToolFiles.Picture(path ?? picture, null);
}
