using System.Text.Json;
using Costate.Networks;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Sampling;

/// <summary>costate invert and decode, and what the commands beside them share.</summary>
public sealed class InversionCommandTests : InversionFiles
{
    [Theory]
    [InlineData(null)]
    [InlineData("rex:euler:0.9")]
    [InlineData("edict")]
    [InlineData("bdia")]
    [InlineData("o-belm")]
    public void Decode_GivesThePictureBack(string? solver)
    {
        using var scope = NewDisposeScope();
        Tool.Done(["invert", picture, .. Inputs("--solver", solver), "--output", folder.PathTo("out")]);
        ToolRun run = Tool.Done([
            "decode",
            folder.PathTo("out", "latent.safetensors"),
            .. Inputs("--solver", solver),
            "--json",
            "--output",
            folder.PathTo("out"),
        ]);
        Assert.Equal("decode", JsonDocument.Parse(run.Output).RootElement.GetProperty("command").GetString());
        Assert.Equal(
            ["latent.safetensors", "result.json", "sample.png", "sample.safetensors"],
            Directory.EnumerateFiles(folder.PathTo("out")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));

        // The network's answers are the same bits; states have 64 bits, so the picture has its 32 again.
        Assert.True(Read("out", "sample.safetensors", "sample").allclose(PictureTensor(), rtol: 0, atol: 1e-6));
        using SKBitmap sheet = SKBitmap.Decode(folder.PathTo("out", "sample.png"));
        using SKBitmap original = SKBitmap.Decode(picture);
        Assert.Equal((8, 8), (sheet.Width, sheet.Height));
        Assert.Equal(original.GetPixel(3, 5), sheet.GetPixel(3, 5));
    }

    // What the parser would take for a file of arguments, what it would take for no picture, and the standard input.

    [Theory]
    [InlineData("@photo.png")]
    [InlineData("photo.webp")]
    [InlineData("-")]
    public void Picture_MayBeCalledAnything(string name)
    {
        using var scope = NewDisposeScope();
        string before = Environment.CurrentDirectory;
        try
        {
            Environment.CurrentDirectory = folder.FullName;
            bool isWebp = name.EndsWith("webp", StringComparison.Ordinal);
            byte[] bytes = File.ReadAllBytes(
                Pictures.Write(folder.PathTo("original"), 8, 8, format: isWebp ? SKEncodedImageFormat.Webp : SKEncodedImageFormat.Png));
            if (name != "-")
            {
                folder.Write(name, bytes);
            }

            string[] inputs = [.. Inputs(), "--output", folder.PathTo("out")];
            ToolRun run = Tool.Run(["invert", name, .. inputs], input: bytes);
            Assert.True(run.ExitCode == 0, run.Error);
            Tool.Done(["invert", folder.PathTo("original"), .. Inputs(), "--output", folder.PathTo("same")]);
            Assert.True(
                Read("out", "latent.safetensors", "state.0").equal(Read("same", "latent.safetensors", "state.0")).all().item<bool>());
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }

    [Fact]
    public void StandardInput_IsForOnePicture()
    {
        ToolRun run = Tool.Run(["interpolate", "-", "-", .. Inputs(), "--output", folder.PathTo("out")], input: File.ReadAllBytes(picture));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("standard input was read for another", run.Error);
        Tool.Fails(1, ["invert", "-", .. Inputs(), "--output", folder.PathTo("out")], "Got -, which is neither");
    }

    [Theory]
    [InlineData("ddim")]
    [InlineData("sde-dpm1")]
    [InlineData("rex:shark")]
    public void OtherSolvers_RoundTrip(string solver)
    {
        using var scope = NewDisposeScope();
        string[] inputs = Inputs("--solver", solver, "--steps", "40", "--seed", "9");
        Tool.Done(["invert", picture, .. inputs, "--dtype", "float64", "--output", folder.PathTo("out")]);

        // The seed of the path comes from the file.
        Tool.Done([
            "decode",
            folder.PathTo("out", "latent.safetensors"),
            .. Inputs("--solver", solver, "--steps", "40"),
            "--output",
            folder.PathTo("out"),
        ]);
        Tensor sample = Read("out", "sample.safetensors", "sample");
        Assert.Equal(ScalarType.Float64, sample.dtype);

        // DDIM inversion is approximate, the others exact in 64 bits.
        Assert.InRange((sample - PictureTensor()).abs().max().item<double>(), 0, solver == "ddim" ? 2 : 1e-6);
    }

    [Fact]
    public void Invert_IsTheLibrarys()
    {
        using var scope = NewDisposeScope();
        string tensors = Tensors("x.safetensors", "x", StartNoise.Draw([2, 3, 8, 8], 3));
        Tool.Done([
            "invert",
            tensors,
            .. Inputs("--solver", "rex:euler", "--condition", Tool.Condition),
            "--dtype",
            "float64",
            "--output",
            folder.PathTo("out"),
        ]);
        var state = (ReversibleNoise)
            NoiseStateFile.Read(folder.PathTo("out", "latent.safetensors"), out IReadOnlyDictionary<string, string> remarks);
        Assert.Equal([2, 3, 8, 8], state.States[0].shape);
        Assert.StartsWith("Rex euler ", state.Settings["solver"], StringComparison.Ordinal);
        Assert.EndsWith(" in Data prediction, coupling 0.999", state.Settings["solver"], StringComparison.Ordinal);
        Assert.Equal("invert", remarks["command"]);
        Assert.Equal(tensors, remarks["sample"]);
    }

    [Fact]
    public void Samples_ThatDoNotFit_AreRefused()
    {
        using var scope = NewDisposeScope();
        Fails(["invert", folder.PathTo("none.png"), .. Inputs()], "none.png", "no such file");
        Fails(["invert", folder.Write("text.png", "not a picture"), .. Inputs()], "text.png", "neither a PNG, JPEG or WebP");
        Fails(
            ["invert", folder.Write("p.gif", "GIF89a, of which the tool knows nothing"), .. Inputs()],
            "p.gif",
            "neither a PNG, JPEG or WebP");
        Fails(["invert", picture, .. Inputs("--shape", "3,16,8")], "8 wide and 8 high", "8 wide and 16 high");
        Fails(["invert", Tensors("flat.safetensors", "x", zeros(4)), .. Inputs()], "[4]", "[batch, ...]");
        Fails(["invert", Tensors("whole.safetensors", "x", zeros(1, 4, ScalarType.Int64)), .. Inputs()], "Int64", "floating point");
        Fails(["invert", Tensors("two.safetensors", "x", zeros(2, 3, 8, 8)), .. Inputs("--shape", "3,8,4")], "[2, 3, 8, 8]", "3, 8, 4");
        Fails(["invert", Tensors("nan.safetensors", "x", full([1, 3, 8, 8], float.NaN)), .. Inputs()], "NaN");
        Tool.Fails(2, ["invert", picture, .. Inputs("--solver", "rex:rk4:2")], "(0, 1]");
        Tool.Fails(2, ["invert", picture, .. Inputs("--solver", "rex:rk4:0")], "(0, 1]");
        Tool.Fails(2, ["invert", picture, .. Inputs(), "--batch", "2"], "--batch");
        Tool.Fails(2, ["decode", picture, .. Inputs(), "--dtype", "float64"], "--dtype");
    }

    [Theory]
    [InlineData("invert")]
    [InlineData("interpolate")]
    [InlineData("edit")]
    public void Cancelled_WritesNothing(string command)
    {
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        string[] samples = command == "interpolate" ? [picture, other] : [picture];
        string[] more = command == "edit" ? ["--edit-condition", otherCondition] : [];
        ToolRun run = Tool.Run(
            [command, .. samples, .. Inputs("--steps", "100000", "--solver", "rex:euler"), .. more, "--output", folder.PathTo("out")],
            cancellationToken: source.Token);
        Assert.Equal(130, run.ExitCode);
        Assert.False(Directory.Exists(folder.PathTo("out")));
    }
}
