using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Networks;
using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands;

/// <summary>Numbers and their limits, memory that nobody has, and what the parser itself would refuse in its own words.</summary>
public sealed class ParsingTests
{
    // Every option of a number, with more than it takes; and seeds that would run past the last.
    [Theory]
    [MemberData(nameof(OptionsOfNumbers))]
    public void Numbers_HaveLimits_ThatAreSaid(string command, string option)
    {
        ToolRun run = Tool.Run([.. command.Split(' '), option, "10000000000000000000000000"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains($"Got 10000000000000000000000000 for {option}; it must be a", run.Error);
        ToolRun text = Tool.Run([.. command.Split(' '), option, "many"]);
        Assert.Equal(2, text.ExitCode);
        Assert.Contains($"Got many for {option}; it must be a", text.Error);
        Assert.DoesNotContain("System.", text.Error);
        ToolRun none = Tool.Run([.. command.Split(' '), option]);
        Assert.Equal(2, none.ExitCode);
        Assert.Contains($"Got {option} without its value; expected {option} ", none.Error);
    }

    public static TheoryData<string, string> OptionsOfNumbers()
    {
        var data = new TheoryData<string, string>();
        foreach (
            (string path, Option option) in Commands(
                    "",
                    Costate.Cli.CommandLine.Root(new Terminal { Output = TextWriter.Null, Error = TextWriter.Null }, default))
                .SelectMany(c => c.Command.Options.Select(o => (c.Path, o))))
        {
            if (option.ValueType == typeof(int?) || option.ValueType == typeof(int) || option.ValueType == typeof(ulong?))
            {
                data.Add(path, option.Name);
            }
        }

        return data;
    }

    // Of no type that the parser would read by itself, and tell of in its own words.
    [Fact]
    public void OptionsAreOfTypesThatWeRead() => Assert.All(
            Commands("", Costate.Cli.CommandLine.Root(new Terminal { Output = TextWriter.Null, Error = TextWriter.Null }, default))
                .SelectMany(c => c.Command.Options),
            option => Assert.True(
                option is Option<int> { CustomParser: not null }
                    || ((Type[])[typeof(string), typeof(bool), typeof(int?), typeof(ulong?), typeof(double?), typeof(void)])
                        .Contains(option.ValueType),
                option.Name));

    private static IEnumerable<(string Path, Command Command)> Commands(string path, Command command) =>
        command.Subcommands.SelectMany(c => Commands($"{path} {c.Name}".Trim(), c)).Append((path, command));

    [Theory]
    [InlineData("sample --steps 1000000000", "from 1 to 100000")]
    [InlineData("sample --threads 100000", "from 1 to 1024")]
    [InlineData("sample --batch 1000000000", "from 1 to 100000")]
    [InlineData("train autoencoder --minutes 1e9", "525600")]
    [InlineData("train all --minutes -1", "525600")]
    [InlineData("gradient --loss sum --model m --schedule edm --prediction data --shape 2 --method revolve:1000000000", "from 1 to 100000")]
    [InlineData(
        "gradient --loss sum --model m --schedule edm --prediction data --shape 2 --solver edict --method reversible:1000000000",
        "from 1 to 100000")]
    [InlineData("guide --task inpaint --lookahead 1000000000", "at most 100000")]
    [InlineData("evaluate morphs --shard 1/2000000000", "at most 10000 parts")]
    [InlineData("evaluate morphs --methods discrete:m=1000000000", "at most 100000")]
    [InlineData("evaluate guidance --methods dps:steps=1000000000", "at most 100000")]
    [InlineData("faces draw --identity 18446744073709551615 --people 2", "at most 18446744073709551614")]
    [InlineData("faces draw --circumstance 18446744073709551610 --pictures 7", "at most 18446744073709551609")]
    [InlineData("guide --task inpaint --seed 18446744073709551615 --samples 2", "at most 18446744073709551614")]
    public void MoreThanALimit_IsRefusedAtOnce(string line, string says)
    {
        using var folder = new TemporaryFolder();
        Tool.Fails(2, [.. line.Split(' '), "--output", folder.PathTo("out")], "Got ", says, "--help");
        Assert.False(Directory.Exists(folder.PathTo("out")));
    }

    [Fact]
    public void LastSeed_IsOne()
    {
        using var folder = new TemporaryFolder();
        Tool.Done(
            "faces",
            "draw",
            "--identity",
            "18446744073709551615",
            "--circumstance",
            "18446744073709551615",
            "--people",
            "1",
            "--pictures",
            "1",
            "--size",
            "16",
            "--output",
            folder.FullName);
        Assert.True(File.Exists(folder.PathTo("face-18446744073709551615-18446744073709551615.png")));
    }

    [Theory]
    [InlineData("--shape 3,10000000,10000000", "3,10000000,10000000 for 2 samples", "GB")]
    [InlineData("--shape 2000000000,2000000000,2000000000,2000000000 --batch 100000", "GB")]
    [InlineData("--shape 3,10000,100000000 --batch 1 --dtype float64", "for 1 sample,", "72,000 GB")]
    public void MemoryThatNoMachineHas_IsRefusedWithNumbers(string options, params string[] says)
    {
        using var folder = new TemporaryFolder();
        Tool.Fails(
            2,
            ["sample", .. Tool.Inputs(options.Split(' ')), "--output", folder.PathTo("out")],
            [.. says, "for --shape", "available"]);
        Assert.False(Directory.Exists(folder.PathTo("out")));
    }

    [Fact]
    public void MemoryOfStatesAndFaces_IsRefusedWithNumbers()
    {
        using var folder = new TemporaryFolder();
        Tool.Fails(
            2,
            ["train", "autoencoder", "--identities", "1000000", "--circumstances", "100000", "--output", folder.PathTo("out")],
            "Got 1000000 in 100000 circumstances each",
            "for --identities",
            "GB that are available");
        string noise = folder.PathTo("noise.safetensors");
        using (DisposeScope scope = NewDisposeScope())
        {
            SafetensorsFile.Write(noise, new Dictionary<string, Tensor> { ["x"] = zeros(100_000, 3, 8, 8) });
        }

        string[] arguments =
        [
            "gradient",
            .. Tool.Inputs("--steps", "100000", "--shape", null, "--batch", null, "--condition", null),
            "--start-noise",
            noise,
            "--loss",
            "sum",
            "--output",
            folder.PathTo("out2"),
        ];
        Tool.Fails(2, arguments, "100000 with a state kept of each", "for --steps", "7,680 GB", "revolve:SLOTS");
    }

    [Theory]
    [InlineData("sample --steps 1 --steps 2", "Got --steps 2 times, with 1 and 2; expected it once.")]
    [InlineData("sample --steps 1 2", "Got '2', which is one too many; sample takes options alone.")]
    [InlineData("sample foo", "Got 'foo', which is one too many")]
    [InlineData("sample -x", "Got the option -x, which sample does not have.")]
    [InlineData("sample --json=maybe", "Got 'maybe', which is one too many")]
    [InlineData("gradient", "Got no --loss; expected --loss LOSS.")]
    [InlineData("guide", "Got neither --task nor --loss; expected --task with one of")]
    [InlineData("edit", "Got no SAMPLE; expected it after edit.")]
    [InlineData("interpolate a", "Got no B; expected it after interpolate.")]
    [InlineData("interpolate a b c", "Got 'c', which is one too many; interpolate takes A B and options.")]
    [InlineData("evaluate merge", "Got no DIR; expected it after merge.")]
    [InlineData("evaluate", "Got no command after evaluate; expected one of: recognisers,")]
    [InlineData("evaluate morps", "Got 'morps', which is no command; expected one of: recognisers,")]
    [InlineData("sampel", "Got 'sampel', which is no command; expected one of: morph,")]
    [InlineData("study extra", "or one of: reversibility")]
    [InlineData("sample --output", "Got --output without its value; expected --output DIR.")]
    [InlineData("sample -o", "Got -o without its value; expected --output DIR.")]
    public void WhatTheParserRefuses_IsToldInOurWords(string line, string says)
    {
        ToolRun run = Tool.Fails(2, line.Split(' '), says, "--help");
        Assert.All(
            (string[])["Unrecognized", "Required argument", "Cannot parse", "expects a single"],
            text => Assert.DoesNotContain(text, run.Error));
    }

    // To the parser a file of arguments, unless it is told otherwise.
    [Fact]
    public void FileWithAnAt_IsAFile()
    {
        using var folder = new TemporaryFolder();
        Tool.Fails(1, ["sample", .. Tool.Inputs("--model", "@none.pt")], "@none.pt", "no such file");
    }
}
