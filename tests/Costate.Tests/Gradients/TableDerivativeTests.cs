namespace Costate.Tests;

/// <summary>Derivatives of a table's numbers by differences, against their formulas.</summary>
public sealed class TableDerivativeTests
{
    private static readonly NoiseSchedule Flow = NoiseSchedule.RectifiedFlow();

    [Theory]
    [InlineData(0.9, 0.5, 0.2)]
    [InlineData(0.9, 0.5, 1e-3)]
    [InlineData(0.9, 0.89, 0.88)]
    public void Times_OfADdimStep_HaveTheirFormulas(double a, double s, double t)
    {
        TimeGrid grid = TimeGrid.FromTimes([a, s, t]);
        Dictionary<Coefficient, double> changes = TableDerivative.Of(
            shift => Solver.Ddim().Tabulate(Flow, grid.Moved(1, shift)), Prediction.Noise, s - t, a - s);

        // x_t = (1 - t)/(1 - s) x_s + (t - s (1 - t)/(1 - s)) eps_s, from a to s and from s to t.
        Near(-1 / (1 - a), new(1, CoefficientKind.State, 0), 1);
        Near(1 + (a / (1 - a)), new(1, CoefficientKind.Output, 0), 1);
        Near((1 - t) / Math.Pow(1 - s, 2), new(2, CoefficientKind.State, 1), 1);
        Near(-(1 - t) / Math.Pow(1 - s, 2), new(2, CoefficientKind.Output, 1), 1);
        Near(1, new(1, CoefficientKind.Time, 0), 1);
        Near(1, new(1, CoefficientKind.NetworkTime, 0), 1);
        Assert.Equal(6, changes.Count);

        // Rounding of a weight over the room that there is.
        void Near(double expected, Coefficient at, double weight) =>
            Assert.Equal(expected, changes[at], 2e-11 * (Math.Abs(expected) + (weight / Math.Min(s - t, a - s))));
    }

    [Fact]
    public void AtAnEnd_DifferencesAreOfOneSide()
    {
        TimeGrid grid = TimeGrid.FromTimes([0.8, 0.5, 0]);
        Dictionary<Coefficient, double> changes = TableDerivative.Of(
            shift => Solver.Ddim().Tabulate(Flow, grid.Moved(2, shift)), Prediction.Noise, 0, 0.5);
        Assert.Equal(-2, changes[new(2, CoefficientKind.State, 1)], 1e-10);
        Assert.Equal(2, changes[new(2, CoefficientKind.Output, 1)], 1e-10);
    }

    [Fact]
    public void ConversionOfTheNetwork_MovesWithTheTimeOfItsEvaluation()
    {
        TimeGrid grid = TimeGrid.FromTimes([0.9, 0.5, 0.2]);
        Dictionary<Coefficient, double> changes = TableDerivative.Of(
            shift => Solver.Ddim().Tabulate(Flow, grid.Moved(1, shift)), Prediction.Flow, 0.3, 0.4);

        // eps = x + (1 - s) u.
        Assert.Equal(-1, changes[new(1, CoefficientKind.ConvertedOutput, 0)], 1e-10);
        Assert.False(changes.ContainsKey(new(1, CoefficientKind.ConvertedState, 0)));
        Assert.False(changes.ContainsKey(new(0, CoefficientKind.ConvertedOutput, 0)));
    }
}
