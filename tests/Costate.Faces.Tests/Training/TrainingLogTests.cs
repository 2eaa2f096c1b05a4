using Costate.Faces.Training;
using Costate.Testing;

namespace Costate.Faces.Tests.Training;

public sealed class TrainingLogTests
{
    [Fact]
    public void Resumed_DropsWhatItWillWriteAgain()
    {
        using var folder = new TemporaryFolder();
        string path = folder.PathTo("log.csv");
        var log = new TrainingLog(path, ["loss"], resumedAt: 0);
        log.Add(20, 3);
        log.Add(40, 2);
        log.Add(60, 1);
        new TrainingLog(path, ["loss"], resumedAt: 40).Add(60, 0.5);
        Assert.Equal(["step,loss", "20,3", "40,2", "60,0.5"], File.ReadAllLines(path));
        _ = new TrainingLog(path, ["loss"], resumedAt: 0);
        Assert.Equal(["step,loss"], File.ReadAllLines(path));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(95)]
    public void Thinned_KeepsTheLastRow(int rows)
    {
        using var folder = new TemporaryFolder();
        string path = folder.PathTo("log.csv");
        File.WriteAllLines(path, ["step", .. Enumerable.Range(1, rows).Select(i => $"{i}")]);
        IReadOnlyList<string> thinned = TrainingLog.Thinned(path, maxRows: 10);
        Assert.Equal("step", thinned[0]);
        Assert.InRange(thinned.Count - 1, Math.Min(rows, 5), 10);
        Assert.Equal(rows == 0 ? "step" : $"{rows}", thinned[^1]);
    }

    [Fact]
    public void Budget_IsStepsOrMinutes()
    {
        Assert.Equal(0.25, new Budget(8, null).Progress(2, 1e6));
        Assert.Equal(0.5, new Budget(null, 2).Progress(1000, 60));
        Assert.Equal(1, new Budget(8, null).Progress(9, 0));
    }

    [Fact]
    public void LearningRate_RisesAndFallsToAHundredth()
    {
        Assert.InRange(Budget.LearningRateShare(0), 1e-6, 0.01);
        Assert.Equal(1, Budget.LearningRateShare(0.02), 1e-9);
        Assert.Equal(0.505, Budget.LearningRateShare(0.51), 1e-9);
        Assert.Equal(0.01, Budget.LearningRateShare(1), 1e-9);
    }

    [Fact]
    public void LearningCheck_ComparesFirstAndLastRows()
    {
        using var folder = new TemporaryFolder();
        string log = folder.Write("log.csv", "step,seconds,loss,gradient_norm,learning_rate\n20,1,4,1,1\n40,2,9,1,1\n60,3,1,1,1\n");
        TrainingPart part = TrainingRecipe.Check().Parts[0];
        Assert.True(LearningCheck.Of(part with { LossFallsTo = 0.25 }, log).Passed);
        Assert.False(LearningCheck.Of(part with { LossFallsTo = 0.24 }, log).Passed);
    }
}
