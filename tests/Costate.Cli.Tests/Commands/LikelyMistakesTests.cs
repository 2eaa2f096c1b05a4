using Costate.Testing;

namespace Costate.Cli.Tests.Commands;

/// <summary>The twenty likeliest mistakes: each is told what was got, what was expected and what to do, and ends with the right code.</summary>
public sealed class LikelyMistakesTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData(2, "sample", "--condition-from", "--condition", "embedded", "picture of a face", "--model")]
    [InlineData(1, "sample --model none.pt --schedule vp-linear --prediction noise --shape 3,8,8", "--model none.pt", "no such file", "torch.jit.save")]
    [InlineData(2, "sample --model x.pt", "--schedule", "--prediction")]
    [InlineData(1, "sample --condition-from none.png", "none.png", "no such file", "PNG, JPEG or WebP")]
    [InlineData(2, "sample --steps 0", "Got 0 for --steps", "from 1 to", "--help")]
    [InlineData(2, "sample --condition-from a.png --solver dpm", "dpm", "--solver", "dpm++2m")]
    [InlineData(2, "sample --stpes 3", "--stpes", "which sample does not have")]
    [InlineData(2, "sampel", "'sampel'", "no command", "sample", "--help")]
    [InlineData(2, "sample --guidance-scale 3", "--guidance-scale", "--model", "Leave it out")]
    [InlineData(2, "morph a.png", "Got 1 picture", "expected two", "--batch")]
    [InlineData(1, "morph none.png other.png", "none.png", "no such file", "PNG, JPEG or WebP")]
    [InlineData(1, "morph TEXT TEXT", "notes.txt", "neither PNG, JPEG nor WebP", "Convert it first")]
    [InlineData(2, "morph --batch none.csv", "none.csv", "does not exist", "a,b,name")]
    [InlineData(2, "invert", "no SAMPLE", "PNG, JPEG or WebP", "safetensors", "--help")]
    [InlineData(1, "invert TEXT", "notes.txt", "neither", "safetensors", "Convert it first")]
    [InlineData(1, "decode none.safetensors", "none.safetensors", "no such file", "Check the path")]
    [InlineData(2, "guide --task nothing", "Got nothing for --task", "inpaint", "deblur")]
    [InlineData(2, "guide --task custom-torchscript-loss", "--loss", "TorchScript")]
    [InlineData(2, "train", "what to train", "autoencoder", "--check")]
    [InlineData(2, "evaluate morphs --shard 9/8", "Got 9/8 for --shard", "such as 3/8")]
    [InlineData(1, "study --output TEXT", "notes.txt", "it is a file", "another folder")]
    public void Mistake_IsToldInFull(int exitCode, string line, params string[] says)
    {
        string text = folder.Write("notes.txt", "words");
        ToolRun run = Tool.Run([.. line.Split(' ').Select(word => word == "TEXT" ? text : word)], morphModel: TinyMorphModel.OfFormula);
        Assert.Equal((exitCode, ""), (run.ExitCode, run.Output));
        Assert.All(says, fact => Assert.Contains(fact, run.Error, StringComparison.Ordinal));

        // Nothing of the program's insides.
        Assert.DoesNotContain("(Parameter", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();
}
