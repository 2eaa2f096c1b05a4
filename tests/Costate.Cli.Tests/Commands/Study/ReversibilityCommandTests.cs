using System.Text.Json;
using Costate.Cli.Terminals;
using Costate.Experiments.Reversibility;
using Costate.Faces.Reports;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Study;

public sealed class ReversibilityCommandTests(QuickReversibility quick) : IClassFixture<QuickReversibility>
{
    private static readonly Lazy<IReadOnlyList<InversionMeasurement>> OfMixture = new(() =>
    {
        using var problem = new MixtureInversion();
        return InversionStudy.Run(problem, InversionStudy.AllSteps, _ => { }, default);
    });

    private static readonly Lazy<IReadOnlyList<AccuracyPoint>> Gradients = new(() => RexAccuracy.Gradients(quick: true, _ => { }, default));

    [Theory]
    [InlineData(10)]
    [InlineData(20)]
    [InlineData(50)]
    public void RexIsFirst_AndExact_OnTheMixture(int steps)
    {
        InversionMeasurement Of(string id) => OfMixture.Value.Single(m => m.Method.Id == id && m.Steps == steps);
        Assert.All((string[])["edict", "bdia", "o-belm", "rex-euler", "rex-rk4", "rex-sde"], id => Assert.Equal(0, Of(id).Data));

        // One word loses its last bits: the 16th digit of 64 bits, the 7th of 32, and these are squares.
        Assert.All((string[])["edict", "bdia", "o-belm", "rex-euler", "rex-rk4"], id => Assert.InRange(Of(id).DataInDouble, 1e-36, 1e-26));
        Assert.InRange(Of("rex-euler").DataInSingle, 1e-16, 1e-12);

        // DDIM inversion is wrong by its own error, in any precision.
        Assert.InRange(Of("ddim").Data, 1e-3, 1);
        Assert.Equal(1, Of("ddim").Data / Of("ddim").DataInSingle, 1e-3);
    }

    [LongProof]
    [Theory]
    [InlineData("unet")]
    [InlineData("faces")]
    public void RexIsFirst_AndExact_OnTheNetworks(string problem)
    {
        JsonElement methods = quick
            .Report.GetProperty("inversion")
            .EnumerateArray()
            .Single(p => p.GetProperty("id").GetString() == problem)
            .GetProperty("methods");
        foreach (JsonElement method in methods.EnumerateArray())
        {
            Assert.All(
                method.GetProperty("points").EnumerateArray(),
                point => AssertExact(method.GetProperty("id").GetString()!, point.GetProperty("data").GetDouble()));
        }
    }

    [Fact]
    public void RexIsFirst_AndExact_OnAModelFolder()
    {
        using NetworkInversion problem = NetworkInversion.FromFolder(Fixtures.PathTo("networks", "unet2d-ddpm"));
        IReadOnlyList<InversionMeasurement> measured = InversionStudy.Run(problem, [4], _ => { }, default);
        Assert.All(measured, m => AssertExact(m.Method.Id, m.Data));
    }

    [Fact]
    public void NetworkWeights_AreTheSameEveryTime()
    {
        using var scope = NewDisposeScope();
        using NetworkInversion first = NetworkInversion.Seeded(), second = NetworkInversion.Seeded();
        Tensor Sample(NetworkInversion p) => new Sampler(p.Denoiser, p.Schedule, Solver.Ddim(), p.Grid(3)).Sample(p.Noise);
        Assert.Equal(Sample(first).data<double>().ToArray(), Sample(second).data<double>().ToArray());
        Assert.InRange(Sample(first).std().item<double>(), 0.1, 3);
    }

    // Measured before this program existed, by other code, to the digits given.
    [Theory]
    [InlineData("rex-euler-data", 10, 0.030, 0.0005)]
    [InlineData("rex-euler-data", 20, 0.015, 0.0005)]
    [InlineData("rex-euler-data", 40, 0.0039, 0.00005)]
    [InlineData("rex-rk4-data", 20, 0.0021, 0.00005)]
    [InlineData("rex-euler-noise", 20, 2.8, 0.05)]
    public void GradientError_IsAsKnown(string id, int steps, double expected, double digits) =>
        Assert.Equal(expected, Gradients.Value.Single(p => p.Curve.Id == id && p.Steps == steps).Error, digits);

    [Fact]
    public void Order_IsTwo_ThenLevel()
    {
        IReadOnlyList<AccuracyPoint> points = RexAccuracy.Orders(quick: true, _ => { }, default);
        double Error(string id, int steps) => points.Single(p => p.Curve.Id == id && p.Steps == steps).Error;
        Assert.InRange(Math.Log2(Error("rex-euler-0.999", 20) / Error("rex-euler-0.999", 40)), 1.8, 2.3);
        Assert.InRange(Math.Log2(Error("euler", 160) / Error("euler", 320)), 0.9, 1.1);

        // Past 1/(1 - 0.9) = 10 steps the coupling shows: the error stays, then falls as Euler's.
        Assert.InRange(Error("rex-euler-0.9", 80) / Error("rex-euler-0.9", 20), 0.5, 2);
        Assert.InRange(Error("rex-euler-0.99", 320) / Error("rex-euler-0.99", 160), 0.5, 2);
    }

    [Fact]
    public void Quick_WritesAllFiles()
    {
        JsonElement report = quick.Report;
        Assert.Equal(File.ReadAllText(quick.PathTo("reversibility.json")), quick.Output.ReplaceLineEndings("\n"));
        Assert.Equal("reversibility", report.GetProperty("study").GetString());
        Assert.Equal([10, 20], report.GetProperty("steps").Deserialize<int[]>()!);
        Assert.Equal(
            ["unet", "faces", "mixture"],
            report.GetProperty("inversion").EnumerateArray().Select(p => p.GetProperty("id").GetString()!));
        Assert.All(
            report.GetProperty("inversion").EnumerateArray(),
            p => Assert.Equal(InversionMethod.All.Count, p.GetProperty("methods").GetArrayLength()));
        Assert.Equal(3.8e-9, report.GetProperty("published").GetProperty("methods")[4].GetProperty("data")[0].GetDouble());
        foreach (string name in ReversibilityPlots.Files)
        {
            using SKBitmap plot = SKBitmap.Decode(quick.PathTo(name));
            Assert.Equal(1600, plot.Width);
            Assert.True(plot.Pixels.Where(p => p.Red != p.Green || p.Green != p.Blue).Distinct().Count() > 20);
        }
    }

    // DDIM's 820 touched the edge at 1000, and an error of 1e24 left the others a third of the picture.
    [Fact]
    public void Axis_HoldsWhatComesBack_WithAMargin()
    {
        (double lowest, double highest) = ReversibilityPlots.Range([820, 1e-9, 4e24, 2e23]);
        Assert.True(highest > 1000 && highest < 1e5, $"{highest}");
        Assert.InRange(lowest, 1e-11, 9e-10);
        Assert.Equal("Rex-SDE: 2e23", ReversibilityPlots.Label("Rex-SDE", [4e24, 2e23]));
        Assert.Equal("DDIM", ReversibilityPlots.Label("DDIM", [820, 120]));
        Assert.True(ReversibilityPlots.Range([0, 0]).Lowest > 0);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(100)]
    public void Tables_FitTheTerminal(int width)
    {
        using var problem = new MixtureInversion();
        var results = new ReversibilityResults([problem], InversionStudy.AllSteps, OfMixture.Value, Gradients.Value, Gradients.Value);
        using var output = new StringWriter();
        var terminal = new Terminal { Output = output, Error = TextWriter.Null, Width = width };
        foreach (ResultTable table in ReversibilityTables.Of(results, width))
        {
            terminal.Write(table);
        }

        Assert.Contains("Rex(Euler)", output.ToString());
        Assert.Contains("3.8e-9", output.ToString());
        Assert.All(output.ToString().Split('\n'), line => Assert.True(line.TrimEnd().Length <= width, line));
    }

    // Rex returns every bit, so no method can be ahead of it.
    private static void AssertExact(string method, double error)
    {
        if (method == "ddim")
        {
            Assert.True(error > 1e-6, $"{error}");
        }
        else
        {
            Assert.Equal(0, error);
        }
    }

    [Fact]
    public void Cancelled_ChangesNothing()
    {
        using var folder = new TemporaryFolder();
        using var source = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        ToolRun run = Tool.Run(["study", "reversibility", "--output", folder.PathTo("out")], cancellationToken: source.Token);
        Assert.Equal(130, run.ExitCode);
        Assert.False(Directory.Exists(folder.PathTo("out")));
    }
}
