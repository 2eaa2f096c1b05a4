using System.CommandLine;
using System.CommandLine.Parsing;
using Costate.Cli.Commands;
using Costate.Cli.Terminals;
using Costate.Cli.Tests.Commands.Sampling;
using Costate.Faces.Names;
using Costate.Networks;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands;

public sealed class HelpTests
{
    [Fact]
    public void Root_NamesCommandsAndExitCodes()
    {
        ToolRun run = Tool.Done("--help");
        Assert.All(
            (string[])
                [
                    "study",
                    "sample",
                    "gradient",
                    "invert",
                    "decode",
                    "interpolate",
                    "edit",
                    "morph",
                    "train",
                    "evaluate",
                    "faces",
                    "doctor",
                    "Exit codes",
                    "130 cancelled",
                ],
            text => Assert.Contains(text, run.Output));
        Assert.Equal("", run.Error);
    }

    [Fact]
    public void Version_IsPrinted() => Assert.Matches(@"^\d+\.\d+\.\d+", Tool.Done("--version").Output);

    [Theory]
    [InlineData("sample")]
    [InlineData("gradient")]
    [InlineData("invert")]
    [InlineData("decode")]
    [InlineData("interpolate")]
    [InlineData("edit")]
    public void Tables_AreComplete(string command)
    {
        string help = Tool.Done(command, "--help").Output;
        Assert.All(NamedSolver.All, s => Assert.Contains($"  {s.Name} ", help));
        Assert.All(ButcherTableau.All, t => Assert.Contains(t.Name, help));
        Assert.Contains("rex:TABLEAU[:COUPLING]", help);
        Assert.All(NamedSchedule.All, s => Assert.Contains($"  {s.Name}", help));
        Assert.All(NamedGrid.All, g => Assert.Contains($"  {g.Name} ", help));
        Assert.Matches(@"It\s+is\s+a\s+program", help);
    }

    [Theory]
    [InlineData("study")]
    [InlineData("sample")]
    [InlineData("gradient")]
    [InlineData("invert")]
    [InlineData("decode")]
    [InlineData("interpolate")]
    [InlineData("edit")]
    [InlineData("study", "reversibility")]
    [InlineData("study", "density")]
    [InlineData("study", "posterior")]
    [InlineData("study", "boltzmann")]
    [InlineData("faces", "draw")]
    [InlineData("doctor")]
    [InlineData("gallery")]
    [InlineData("studio")]
    [InlineData("morph")]
    [InlineData("guide")]
    [InlineData("evaluate", "guidance")]
    [InlineData("train")]
    [InlineData("train", "all")]
    [InlineData("train", "autoencoder")]
    [InlineData("train", "recogniser")]
    [InlineData("train", "attribute-judges")]
    [InlineData("train", "text-to-image")]
    [InlineData("train", "vocabulary")]
    [InlineData("evaluate", "recognisers")]
    [InlineData("evaluate", "autoencoder")]
    [InlineData("evaluate", "morphs")]
    [InlineData("evaluate", "pairs")]
    [InlineData("evaluate", "generation")]
    [InlineData("evaluate", "editing")]
    [InlineData("evaluate", "merge")]
    public void Help_FitsANarrowTerminal(params string[] command)
    {
        string help = Tool.Run([.. command, "--help"], width: 60).Output;
        string text = help[..help.IndexOf("Examples:", StringComparison.Ordinal)];
        Assert.All(text.Split('\n'), line => Assert.True(line.TrimEnd().Length <= 60, line));
    }

    [LongProof]
    [Theory]
    [MemberData(nameof(Examples))]
    public void Example_RunsAsItIsPrinted(string line)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        foreach ((_, Action<TemporaryFolder> make) in Inputs.Where(input => line.Contains(input.Name, StringComparison.Ordinal)))
        {
            make(folder);
        }

        string[] words = [.. CommandLineParser.SplitCommandLine(line.Replace("\\\n", " ", StringComparison.Ordinal))];
        string[] ofEmbedded = words is [_, "evaluate", "generation" or "editing", ..]
            ? ["--model", TinyTextModel.Write(folder.PathTo("text"))]
            : UsesEmbedded(words) ? ["--weights", TinyWeights.Write(folder.PathTo("weights"), calibrated: false)] : [];
        if (ofEmbedded.Length > 0 && words[1] == "decode")
        {
            Tool.Done([
                "invert",
                Pictures.Write(folder.PathTo("encoded.png"), 32, 32),
                .. ofEmbedded,
                "--output",
                folder.PathTo("costate-invert"),
            ]);
        }

        Tool.Example(line, folder, ofEmbedded, TinyMorphModel.OfFormula);
    }

    [Fact]
    public void Documentation_HasExamplesOfTheHelp()
    {
        string[] parts = File.ReadAllText(Repository.PathTo("docs", "command-line.md")).ReplaceLineEndings("\n").Split("```");
        string[] blocks = [.. parts.Where(p => p.StartsWith("sh\n", StringComparison.Ordinal)).Select(p => p["sh\n".Length..].Trim())];
        Assert.NotEmpty(blocks);
        Assert.Subset(All().Select(e => e.Line).ToHashSet(), blocks.ToHashSet());
    }

    [Fact]
    public void LongExamples_AreUnderstood() =>
        Assert.All(All().Where(e => !IsRunHere(e)), e =>
            Assert.Empty(Root().Parse(e.Line[DocumentedHelp.ToolName.Length..].Replace("\\\n", " ", StringComparison.Ordinal)).Errors));

    public static TheoryData<string> Examples() => [.. All().Where(IsRunHere).Select(e => e.Line)];

    // What runs as it is printed elsewhere: the two studies in their own tests, the check of the training in .ci/run.
    private static readonly string[] RunElsewhere =
    [
        "costate study",
        "costate study --quick --output quick",
        "costate study --quick --json",
        "costate study reversibility --quick --json",
        "costate train --check",
    ];

    [Fact]
    public void ExamplesRunElsewhere_AreThere() => Assert.Subset(All().Select(e => e.Line).ToHashSet(), RunElsewhere.ToHashSet());

    private static bool IsRunHere(Example example) => !example.TakesLong && !RunElsewhere.Contains(example.Line);

    // What the examples read: each makes what its line names, some of which takes seconds.
    private static readonly (string Name, Action<TemporaryFolder> Make)[] Inputs =
    [
        ("denoiser.ts.pt", folder => File.Copy(Tool.Model, folder.PathTo("denoiser.ts.pt"))),
        ("loss.ts.pt", folder => ScriptArchive.Write(folder.PathTo("loss.ts.pt"), ["x"], "return torch.sum(torch.square(x), [1, 2, 3])")),
        ("scheduler_config.json", folder => folder.Write("scheduler_config.json", SampleCommandTests.SchedulerConfiguration)),
        ("flow", folder => folder.Write("flow/scheduler_config.json", SampleCommandTests.FlowConfiguration)),
        ("cond.safetensors", folder => Write(folder, "cond.safetensors", "z", StartNoise.Draw([1, 5], 1))),
        ("target.safetensors", folder => Write(folder, "target.safetensors", "target", StartNoise.Draw([3, 8, 8], 2))),
        ("noise.safetensors", folder => Write(folder, "noise.safetensors", "x", StartNoise.Draw([1, 3, 8, 8], 3))),
        ("other.safetensors", folder => Write(folder, "other.safetensors", "z", StartNoise.Draw([1, 5], 4))),
        ("sample.safetensors", folder => Write(folder, "sample.safetensors", "sample", StartNoise.Draw([2, 3, 8, 8], 5))),
        ("picture.png", folder => Pictures.Write(folder.PathTo("picture.png"), 8, 8)),
        (
            "other.png",
            folder => Pictures.Write(folder.PathTo("other.png"), 8, 8, (x, y) => new SKColor((byte)(10 * y), (byte)(30 * x), 77))),
        ("face", folder => Pictures.Write(folder.PathTo("face.png"), 32, 32)),
        ("other-face.png", folder => Pictures.Write(folder.PathTo("other-face.png"), 40, 32)),
        (
            "mask.png",
            folder =>
                Pictures.Write(
                    folder.PathTo("mask.png"),
                    TinyMorphModel.Side,
                    TinyMorphModel.Side,
                    (x, _) => x < 5 ? SKColors.White : SKColors.Black)),
        ("a.png", folder => Pictures.Write(folder.PathTo("a.png"), 32, 32)),
        ("b.png", folder => Pictures.Write(folder.PathTo("b.png"), 40, 32)),
        ("pairs.csv", Pairs),
        ("latent.safetensors", Latent),
        ("gallery costate-sample", folder => folder.Write("costate-sample/result.json", "{\"command\": \"sample\"}")),
    ];

    private static void Pairs(TemporaryFolder folder)
    {
        Pictures.Write(folder.PathTo("a.png"), 32, 32);
        Pictures.Write(folder.PathTo("b.png"), 40, 32);
        folder.Write("pairs.csv", "a.png,b.png\n");
    }

    private static void Latent(TemporaryFolder folder)
    {
        string condition = Write(folder, "inverted.safetensors", "z", StartNoise.Draw([1, 5], 1)),
            picture = Pictures.Write(folder.PathTo("inverted.png"), 8, 8);
        Tool.Done(["invert", picture, .. Tool.Inverts("--condition", condition, "--steps", null), "--output", folder.FullName]);
    }

    private static string Write(TemporaryFolder folder, string file, string name, Tensor value)
    {
        SafetensorsFile.Write(folder.PathTo(file), new Dictionary<string, Tensor> { [name] = value });
        return folder.PathTo(file);
    }

    private static IEnumerable<Example> All() => Documented(Root()).SelectMany(c => c.Examples);

    private static RootCommand Root() =>
        Costate.Cli.CommandLine.Root(new Terminal { Output = TextWriter.Null, Error = TextWriter.Null }, default);

    // The weights that come with the tool take long, and need not be there.
    private static bool UsesEmbedded(string[] words) => words is [_, "study", "reversibility", ..]
        || words is [_, "guide", "--task", "prompt", ..]
        || (words[1] is "sample" or "gradient" or "invert" or "decode" or "interpolate" or "edit" && !words.Contains("--model"));

    private static IEnumerable<DocumentedCommand> Documented(Command command) =>
        command.Subcommands.SelectMany(c => Documented(c).Concat([c]).OfType<DocumentedCommand>());
}
