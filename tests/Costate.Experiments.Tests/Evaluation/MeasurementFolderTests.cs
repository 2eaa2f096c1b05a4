using Costate.Experiments.Evaluation;
using Costate.Testing;

namespace Costate.Experiments.Tests.Evaluation;

public sealed class MeasurementFolderTests
{
    [Fact]
    public void AnotherRun_MeasuresWhatIsMissingAlone()
    {
        using var folder = new TemporaryFolder();
        List<string> made = [];
        var first = new MeasurementFolder(folder.PathTo("study"), "density");
        first.Begin(("samples", 3.0));
        using var source = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => first.Take(Plan("a", "b", "c"), _ => { }, source.Token));
        Assert.Equal(["a", "b"], made);

        List<double> told = [];
        var second = new MeasurementFolder(folder.PathTo("study"), "density");
        second.Begin(("samples", 3.0));
        Assert.Equal([1, 2, 3], second.Take(Plan("a", "b", "c"), told.Add, default).Select(point => point.Number));
        Assert.Equal(["a", "b", "c"], made);
        Assert.Equal(1, told[^1]);

        PlannedMeasurement<Point>[] Plan(params string[] names) =>
        [
            .. names.Index().Select(each => new PlannedMeasurement<Point>(each.Item, 1, progress =>
            {
                made.Add(each.Item);
                progress(0.5);
                if (each.Item == "b")
                {
                    source.Cancel();
                }

                return new Point(each.Index + 1);
            })),
        ];
    }

    [Fact]
    public void OtherSettings_AreRefused()
    {
        using var folder = new TemporaryFolder();
        new MeasurementFolder(folder.FullName, "density").Begin(("samples", 3.0));
        InvalidDataException e = Assert.Throws<InvalidDataException>(
            () => new MeasurementFolder(folder.FullName, "density").Begin(("samples", 4.0)));
        Assert.Contains("samples (there 3, now 4)", e.Message);
        e = Assert.Throws<InvalidDataException>(() => new MeasurementFolder(folder.FullName, "posterior").Begin(("samples", 3.0)));
        Assert.Contains("holds density", e.Message);
    }

    [Fact]
    public void DamagedMeasurement_IsNamed()
    {
        using var folder = new TemporaryFolder();
        var kept = new MeasurementFolder(folder.FullName, "density");
        kept.Begin();
        File.WriteAllText(kept.PathOf("a.json"), "{");
        InvalidDataException e = Assert.Throws<InvalidDataException>(
            () => kept.Take([new PlannedMeasurement<Point>("a", 1, _ => new Point(1))], _ => { }, default));
        Assert.Contains("a.json", e.Message);
        Assert.Contains("costate study density", e.Message);
    }

    private sealed record Point(int Number);
}
