using System.Text.RegularExpressions;
using Costate.Cli.Terminals;
using Costate.Experiments.Batches;
using Costate.Faces.Morphs;
using Spectre.Console;

namespace Costate.Cli.Tests.Terminals;

public sealed partial class NarrowTerminalTests
{
    private static readonly MorphSimilarity[] Recognisers =
    [
        .. Enumerable
            .Range(0, 4)
            .Select(i => new MorphSimilarity(i == 0 ? "attack" : $"judge-{i}", i > 0, 0.3125, 0.1234 + i, 0.2345 + i, 0.3456 + i)),
    ];

    [Theory]
    [InlineData(132)]
    [InlineData(80)]
    [InlineData(40)]
    [InlineData(24)]
    public void Tables_KeepEveryNumberWhole(int width)
    {
        Table table = new Table().Border(TableBorder.Simple).AddColumn(new TableColumn("method").NoWrap());
        foreach (string column in (string[])["pairs", "judge-1", "judge-2", "judge-3", "network evaluations"])
        {
            table.AddColumn(new TableColumn(column).RightAligned().NoWrap());
        }

        table.AddRow("AdjointDEIS-1 SDE", "1234567", "97.5 (91.2-99.8)", "12.5 (10.1-14.9)", "100.0 (98.1-100.0)", "123456789012");
        table.AddRow("[bold]DiM[/]", "7", "1.5", "", "0.123456", "9");
        string text = Written(table, width);
        Assert.All(text.Split('\n'), line => Assert.True(line.TrimEnd().Length <= width, line));
        string[] expected =
        [
            "1234567",
            "97.5",
            "91.2",
            "99.8",
            "12.5",
            "10.1",
            "14.9",
            "100.0",
            "98.1",
            "100.0",
            "123456789012",
            "7",
            "1.5",
            "0.123456",
            "9",
        ];
        string[] found = [.. Number().Matches(text.Replace("AdjointDEIS-1", "", StringComparison.Ordinal)).Select(m => m.Value)];
        Assert.Equal(expected, found.Where(expected.Contains));
        Assert.DoesNotContain('…', text);
    }

    // As the terminal's own tables would do it: found out.
    [Fact]
    public void Tables_AsTheyCome_WouldCutNumbers()
    {
        var output = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(output) });
        console.Profile.Width = 40;
        console.Write(Morphs());
        Assert.DoesNotContain("0.3125", output.ToString().Replace("0.312", "0.31", StringComparison.Ordinal));
        Assert.True(output.ToString().Split('\n').Length > 8);
    }

    [Fact]
    public void Morphs_AreReadable()
    {
        string[] lines = Written(Morphs(), 40).Split('\n');
        Assert.Contains("recogniser: attack (guides)", lines);
        Assert.Contains("  to A: 0.123", lines);
        Assert.Contains("recogniser: judge-3", lines);
    }

    [Fact]
    public void Text_IsBrokenBetweenWords_OnATerminalAlone()
    {
        const string Line =
            "cost: 1234567 network evaluations, 7654321 vector-Jacobian products, 2468 states kept (1357924680 bytes), 98.7 s";
        Assert.Equal(Line, Written(t => t.Write(Line), 40, isTerminal: false).TrimEnd());
        string broken = Written(t => t.Write(Line), 40, isTerminal: true);
        Assert.All(broken.Split('\n'), line => Assert.True(line.TrimEnd().Length <= 40, line));
        Assert.Equal(Number().Matches(Line).Select(m => m.Value), Number().Matches(broken).Select(m => m.Value));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(25)]
    [InlineData(12)]
    [InlineData(7)]
    [InlineData(4)]
    public void Progress_ShowsNumbersWholeOrNotAtAll(int width)
    {
        using var error = new StringWriter();
        var terminal = new Terminal { Output = TextWriter.Null, Error = error, LiveWidth = width };
        using (var line = new ProgressLine(terminal, "guiding", total: 1))
        {
            Thread.Sleep(120);
            line.Report(0.42, "step 123456, loss 0.987654");
            Thread.Sleep(1000);
            line.Report(0.5, "step 234567, loss 0.876543");
        }

        string[] writes = [.. error.ToString().Split('\r').Where(write => !string.IsNullOrWhiteSpace(write))];
        string[] whole = ["42", "50", "123456", "0.987654", "234567", "0.876543", "0", "00", "01"];
        Assert.All(writes, write => Assert.True(write.TrimEnd().Length < width, write));
        Assert.All(writes.SelectMany(write => Number().Matches(write)), match => Assert.Contains(match.Value, whole));
        Assert.Equal(width < 6, writes.Length == 0);
    }

    private static Table Morphs() => DrawnTable.Of(MorphTables.Of(new MorphReport
    {
        Settings = Costate.Faces.Reports.Setting.Named([]),
        Seed = 0,
        A = new MorphPicture("a", ""),
        B = new MorphPicture("b", ""),
        Accepted = true,
        Recognisers = Recognisers,
        Blend = new MorphBlend(1, Recognisers),
        Losses = [1],
        BestIteration = 0,
        Cost = new MorphCost(1, 2, 3),
        PeakMemoryBytes = 4,
    }));

    private static string Written(Table table, int width) => Written(terminal => terminal.Write(table), width, isTerminal: false);

    private static string Written(Action<Terminal> write, int width, bool isTerminal)
    {
        using var output = new StringWriter();
        write(new Terminal { Output = output, Error = TextWriter.Null, Width = width, OutputIsTerminal = isTerminal });
        return output.ToString().ReplaceLineEndings("\n");
    }

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex Number();
}
