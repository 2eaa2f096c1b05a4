using Costate.Cli.Terminals;
using Costate.Faces.Files;
using Costate.Networks;
using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands;

/// <summary>
/// Every command with a folder that it cannot write to, or that is in use: one line that says so, exit code 1, and nothing changed.
/// </summary>
public sealed class OutputTests : IDisposable
{
    private const string OddName = "o'dd ü \"q\" $x [b] #{n} %41 日本";

    private static readonly Dictionary<string, string> Lines = new()
    {
        ["sample"] = "sample --model MODEL --schedule vp-linear --prediction data --condition COND --shape 3,8,8 --steps 2",
        ["gradient"] = "gradient --model MODEL --schedule vp-linear --prediction data --condition COND --shape 3,8,8 --steps 2 --loss sum",
        ["invert"] = "invert PICTURE --model MODEL --schedule vp-linear --prediction data --condition COND --steps 2",
        ["decode"] = "decode LATENT --model MODEL",
        ["edit"] = "edit LATENT --model MODEL --edit-condition COND",
        ["interpolate"] =
            "interpolate PICTURE PICTURE --model MODEL --schedule vp-linear --prediction data --condition COND --steps 2 --count 2",
        ["morph"] = "morph A B --steps 4 --encode-steps 6 --iterations 1",
        ["morph --batch"] = "morph --batch PAIRS --steps 4 --encode-steps 6 --iterations 1",
        ["guide"] = "guide A --task inpaint --steps 2",
        ["studio"] = "studio --port 0",
        ["study"] = "study --quick",
        ["study density"] = "study density --quick",
        ["study posterior"] = "study posterior --quick",
        ["study boltzmann"] = "study boltzmann --quick",
        ["study reversibility"] = "study reversibility --quick --weights NOWHERE",
        ["faces draw"] = "faces draw --people 1 --pictures 1 --size 16",
        ["train autoencoder"] = "train autoencoder --steps 1 --identities 2 --circumstances 1 --batch 2",
        ["train recogniser"] = "train recogniser --steps 1 --identities 2 --circumstances 2 --batch 2 --width 8",
        ["train attribute-judges"] = "train attribute-judges --steps 1 --identities 2 --circumstances 1 --batch 2",
        ["train text-to-image"] = "train text-to-image --minutes 0.001",
        ["train vocabulary"] = "train vocabulary --captions 10",
        ["train all"] = "train all --minutes 0.001",
        ["evaluate recognisers"] = "evaluate recognisers --identities 50 --pictures 2 --weights WEIGHTS",
        ["evaluate autoencoder"] = "evaluate autoencoder --faces 1 --steps 2 --weights WEIGHTS",
        ["evaluate morphs"] = "evaluate morphs --methods source --pairs 1 --candidates 4",
        ["evaluate guidance"] = "evaluate guidance --faces 1 --methods unguided --tasks inpaint --evaluations 5",
        ["evaluate generation"] = "evaluate generation --prompts 2 --model NOWHERE",
        ["evaluate editing"] = "evaluate editing --faces 1 --model NOWHERE",
        ["evaluate merge"] = "evaluate merge NOWHERE",
        ["evaluate pairs"] = "evaluate pairs --people 3 --tries 1 --steps 4 --encode-steps 6 --iterations 1",
    };

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> All() => [.. Lines.Keys];

    [Fact]
    public void EveryCommandThatWritesAFolder_IsHere()
    {
        using var root = new StringWriter();
        string[] writing = [.. Commands("", Costate.Cli.CommandLine.Root(new Terminal { Output = root, Error = root }, default))];
        Assert.Equal(writing.Order(), Lines.Keys.Where(name => name != "morph --batch").Order());

        static IEnumerable<string> Commands(string path, System.CommandLine.Command command) => command.Subcommands
            .SelectMany(c => Commands($"{path} {c.Name}".Trim(), c))
            .Concat(
                command.Action is not null && path != "" && path is not ("train" or "doctor" or "gallery") && Root(command) ? [path] : []);

        static bool Root(System.CommandLine.Command command) =>
            command
                .Options.Concat(command.Parents.OfType<System.CommandLine.Command>().SelectMany(p => p.Options))
                .Any(o => o.Name == "--output");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void FileInPlaceOfTheFolder_IsRefused(string command)
    {
        string taken = folder.Write("taken", "mine");
        string[] arguments = Arguments(command);
        string[] before = Tree();
        OneLine(Run(arguments, taken), "Cannot write to", "it is a file", "for the output");
        OneLine(Run(arguments, Path.Combine(taken, "below")), "Cannot write to", "for the output");
        if (OperatingSystem.IsLinux())
        {
            OneLine(Run(arguments, "/proc/costate"), "Cannot write to '/proc/costate", "for the output");
        }

        Assert.Equal("mine", File.ReadAllText(taken));
        Assert.Equal(before, Tree());
    }

    [Theory]
    [InlineData("sample")]
    [InlineData("invert")]
    [InlineData("edit")]
    [InlineData("morph --batch")]
    [InlineData("guide")]
    [InlineData("faces draw")]
    [InlineData("train recogniser")]
    [InlineData("evaluate morphs")]
    public void FolderWithAnOddName_IsAFolder(string command)
    {
        ToolRun run = Run(Arguments(command), folder.PathTo(OddName));
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.NotEmpty(Directory.GetFiles(folder.PathTo(OddName)));
    }

    [Theory]
    [InlineData("morph --batch")]
    [InlineData("train autoencoder")]
    [InlineData("train recogniser")]
    [InlineData("train all")]
    [InlineData("evaluate morphs")]
    [InlineData("evaluate guidance")]
    [InlineData("evaluate editing")]
    [InlineData("evaluate merge")]
    [InlineData("study density")]
    public void FolderInUse_IsRefused_AndTheOtherRunNamed(string command)
    {
        string output = folder.PathTo("out");
        string[] arguments = Arguments(command);

        // A study that keeps its measurements has a folder of its name there.
        string taken = command == "study density" ? Path.Combine(output, "density") : output;
        using (FolderLock.Take(taken, "train all --minutes 9"))
        {
            string[] before = Tree();
            OneLine(
                Run(arguments, output),
                "is in use by another run",
                $"process {Environment.ProcessId} on ",
                "costate train all --minutes 9",
                "another folder for the output");
            Assert.Equal(before, Tree());
        }
    }

    [Theory]
    [InlineData("morph --batch", true)]
    [InlineData("train autoencoder", true)]
    [InlineData("train recogniser", true)]
    [InlineData("train all", true)]
    [InlineData("evaluate morphs", true)]
    [InlineData("evaluate guidance", true)]
    [InlineData("sample", false)]
    [InlineData("morph", false)]
    [InlineData("guide", false)]
    [InlineData("faces draw", false)]
    [InlineData("evaluate autoencoder", true)]
    public void Cancelled_SaysWhatIsTrueOfTheCommand(string command, bool isResumed)
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        string[] arguments = Arguments(command);
        string[] before = Tree();
        ToolRun run = Run(arguments, folder.PathTo("out"), cancelled.Token);
        Assert.Equal(130, run.ExitCode);
        Assert.Equal("", run.Output);
        if (isResumed)
        {
            Assert.Contains(
                $"Cancelled. What is finished is in '{folder.PathTo("out")}'; the same command goes on with the rest.",
                run.Error);
            Assert.DoesNotContain("No file was written", run.Error);
        }
        else
        {
            Assert.Contains("Cancelled. No file was written or changed.", run.Error);
            Assert.Equal(before, Tree());
        }
    }

    // What computes with a network of the user's or of the tool's, but for trainings, and for studies, whose figures are of processors.
    [Fact]
    public void DeviceThatIsNotThere_IsRefused_BeforeAnythingIsRead()
    {
        Assert.SkipWhen(cuda.is_available(), "There is one.");
        string[] onDevices =
        [
            .. Lines.Keys.Where(name => name.Split(' ')[0] is not ("study" or "train" or "faces") && name is not "evaluate merge"),
        ];
        using var root = new StringWriter();
        string[] taking = [.. Commands("", Costate.Cli.CommandLine.Root(new Terminal { Output = root, Error = root }, default))];
        Assert.Equal(taking.Order(), onDevices.Where(name => name != "morph --batch").Order());
        foreach (string command in onDevices)
        {
            string[] arguments = Arguments(command);
            string[] before = Tree();
            ToolRun run = Run([.. arguments, "--device", "cuda:0"], folder.PathTo("out"));
            Assert.True(run.ExitCode == 2, $"{command}: {run.ExitCode} {run.Error}");
            Assert.All(
                (string[])["Got cuda:0 for --device", "must be cpu", "docs/command-line.md"], text => Assert.Contains(text, run.Error));
            Assert.Equal(before, Tree());
            Assert.Contains("tpu for --device", Run([.. arguments, "--device", "tpu"], folder.PathTo("out")).Error);
        }

        static IEnumerable<string> Commands(string path, System.CommandLine.Command command) => command.Subcommands
            .SelectMany(c => Commands($"{path} {c.Name}".Trim(), c))
            .Concat(command.Options.Any(option => option.Name == "--device") ? [path] : []);
    }

    private string[] Tree() =>
        [.. Directory.GetFileSystemEntries(folder.FullName, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static ToolRun Run(string[] arguments, string output, CancellationToken cancellationToken = default) =>
        Tool.Run([.. arguments, "--output", output], cancellationToken: cancellationToken, morphModel: TinyMorphModel.Load);

    private static void OneLine(ToolRun run, params string[] texts)
    {
        Assert.True(run.ExitCode == 1, $"exit {run.ExitCode}: {run.Error}");
        Assert.Equal("", run.Output);
        Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.All(texts, text => Assert.Contains(text, run.Error));
    }

    // With the files that it needs.
    private string[] Arguments(string command)
    {
        using DisposeScope scope = NewDisposeScope();
        string[] words = Lines[command].Split(' ');
        string picture = Pictures.Write(folder.PathTo("picture.png"), 8, 8);
        Pictures.Write(folder.PathTo("a.png"), 32, 32);
        Pictures.Write(folder.PathTo("b.png"), 40, 32);
        folder.Write("pairs.csv", "a.png,b.png\n");
        SafetensorsFile.Write(folder.PathTo("cond.safetensors"), new Dictionary<string, Tensor> { ["z"] = StartNoise.Draw([1, 5], 1) });
        if (words.Contains("LATENT"))
        {
            Tool.Done(["invert", picture, .. Tool.Inverts("--condition", folder.PathTo("cond.safetensors")), "--output", folder.FullName]);
        }

        return
        [
            .. words.Select(word => word switch
            {
                "MODEL" => Tool.Model,
                "COND" => folder.PathTo("cond.safetensors"),
                "PICTURE" => picture,
                "LATENT" => folder.PathTo("latent.safetensors"),
                "A" => folder.PathTo("a.png"),
                "B" => folder.PathTo("b.png"),
                "PAIRS" => folder.PathTo("pairs.csv"),
                "WEIGHTS" => TinyWeights.Write(folder.PathTo("weights")),
                "NOWHERE" => folder.PathTo("nowhere"),
                _ => word,
            }),
        ];
    }

    [Fact]
    public void Folder_ThatMayNotBeWritten_IsRefused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Needs /proc, where nobody may create a folder.");
        Tool.Fails(1, ["study", "--quick", "--output", "/proc/costate"], "Cannot write to '/proc/costate'");
    }
}
