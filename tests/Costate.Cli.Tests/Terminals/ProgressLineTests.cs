using Costate.Cli.Terminals;

namespace Costate.Cli.Tests.Terminals;

public sealed class ProgressLineTests
{
    [Theory]
    [InlineData(120)]
    [InlineData(30)]
    [InlineData(8)]
    public void Live_StaysOnOneLine(int width)
    {
        using var error = new StringWriter();
        var terminal = new Terminal { Output = TextWriter.Null, Error = error, LiveWidth = width };
        using (var line = new ProgressLine(terminal, "sampling", total: 10))
        {
            for (int i = 1; i <= 3; i++)
            {
                Thread.Sleep(120);
                line.Report(i);
            }
        }

        string[] writes = error.ToString().Split('\r', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(writes.Length >= 3);
        Assert.All(writes, write => Assert.True(write.Length < width, write));
        Assert.DoesNotContain('\n', error.ToString());

        // At the end the line is wiped.
        Assert.True(string.IsNullOrWhiteSpace(writes[^1]));
    }

    [Fact]
    public void Elsewhere_ShortRunsAreSilent()
    {
        using var error = new StringWriter();
        var terminal = new Terminal { Output = TextWriter.Null, Error = error };
        using (var line = new ProgressLine(terminal, "sampling", total: 10))
        {
            line.Report(5);
        }

        Assert.Equal("", error.ToString());
    }
}
