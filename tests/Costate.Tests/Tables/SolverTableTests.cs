namespace Costate.Tests;

public sealed class SolverTableTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    public static TheoryData<string> Names => Solvers.Every;

    // With a perfect prediction of a single data point x0, x = alpha x0 + sigma eps is a fixed line: every consistent row reproduces it.
    [Theory]
    [MemberData(nameof(Names))]
    public void Rows_AreExactForAConstantPrediction(string name)
    {
        SolverTable table = Solvers.Named(name).Tabulate(Schedule, TimeGrid.UniformLogSnr(Schedule, 7));
        if (table.NoiseIntervals.Count > 0)
        {
            return;
        }

        const double Data = 0.8;
        const double Noise = -1.1;
        double prediction = table.Prediction == Prediction.Noise ? Noise : Data;
        foreach (TableRow row in table.Rows.Skip(1))
        {
            double state =
                row.States.Sum(term => term.Weight * At(table.Rows[term.Index].Time)) + row.Outputs.Sum(term => term.Weight * prediction);
            Assert.Equal(At(row.Time), state, 1e-12);
        }

        static double At(double t) => (Schedule.Alpha(t) * Data) + (Schedule.Sigma(t) * Noise);
    }

    // Given the exact data or noise, a stochastic step keeps the marginal: mean alpha x0, variance sigma^2.
    [Theory]
    [InlineData("ddpm")]
    [InlineData("sde-dpm++1")]
    [InlineData("sde-dpm++2")]
    public void StochasticRows_KeepTheMarginal(string name)
    {
        SolverTable table = Solvers.Named(name).Tabulate(Schedule, TimeGrid.UniformLogSnr(Schedule, 7));
        foreach (TableRow row in table.Rows.Skip(1))
        {
            (double t, double before) = (row.Time, table.Rows[row.States[0].Index].Time);
            double mean = (row.States[0].Weight * Schedule.Alpha(before)) + row.Outputs.Sum(term => term.Weight);
            double variance = Math.Pow(row.States[0].Weight * Schedule.Sigma(before), 2) + Math.Pow(row.Inputs[0].Weight, 2);
            Assert.Equal(Schedule.Alpha(t), mean, 1e-12);
            Assert.Equal(Math.Pow(Schedule.Sigma(t), 2), variance, 1e-12);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Evaluations_AreAsDocumented(string name)
    {
        int stages = name switch
        {
            _ when name.EndsWith("-grid", StringComparison.Ordinal) => 1,
            "heun" or "midpoint" or "dpm-2s" or "dpm++2s" or "dpm++2s-heun" or "dpm2-ancestral" => 2,
            "dpm-3s" or "dpm-3s-heun" or "dpm++3s" or "dpm++3s-heun" => 3,
            _ => 1,
        };
        int more = name switch
        {
            "fireflow" or "uni-inv" => 1, // The first step has no slope to reuse.
            "pndm" => 1, // The first step is taken twice,
            "pndm-rk" => 9, // or three are of four evaluations.
            _ => 0,
        };
        Assert.Equal((stages * 9) + more, Solvers.Named(name).Tabulate(Schedule, TimeGrid.Uniform(9)).EvaluatedRows.Count);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Tabulate_ReachesCleanData(string name)
    {
        SolverTable table = Solvers.Named(name).Tabulate(Schedule, TimeGrid.Uniform(6, 1, 0));
        Assert.All(
            table.Rows.SelectMany(row => row.States.Concat(row.Outputs).Concat(row.Inputs)),
            term => Assert.True(double.IsFinite(term.Weight)));
        Assert.Equal(0, table.Rows[^1].Time);
    }

    [Fact]
    public void Tabulate_StartsWhereThereIsNoSignal()
    {
        NoiseSchedule flow = NoiseSchedule.RectifiedFlow();
        TimeGrid whole = TimeGrid.Uniform(5, 1, 0);
        foreach (
            Solver solver in new[]
            {
                Solver.Ddim(),
                Solver.Euler(),
                Solver.Heun(),
                Solver.DpmSolverPlusPlus(3),
                Solver.UniPc(3),
                Solver.DpmSolverPlusPlusSinglestep(2),
                Solver.SdeDpmSolverPlusPlus(2),
            })
        {
            SolverTable table = solver.Tabulate(flow, whole);
            Assert.All(table.Rows.SelectMany(row => row.States.Concat(row.Outputs)), term => Assert.True(double.IsFinite(term.Weight)));
        }

        string message = Assert.Throws<InvalidOperationException>(() => Solver.DpmSolver(2).Tabulate(flow, whole)).Message;
        Assert.Contains("DpmSolverPlusPlus", message, StringComparison.Ordinal);
        Assert.Contains("alpha", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Euler_OnAFlow_StepsAlongTheVelocity()
    {
        // x' = x + (t' - t) u, with u = eps - x0 in terms of data prediction: x' = (t'/t) x + (1 - t'/t) x0.
        SolverTable table = Solver.Euler().Tabulate(NoiseSchedule.RectifiedFlow(), TimeGrid.Uniform(4, 1, 0));
        for (int i = 1; i <= 4; i++)
        {
            double ratio = table.Rows[i].Time / table.Rows[i - 1].Time;
            Assert.Equal(ratio, table.Rows[i].States.Sum(term => term.Weight), 1e-14);
            Assert.Equal(1 - ratio, table.Rows[i].Outputs.Single().Weight, 1e-14);
        }
    }

    [Fact]
    public void Solvers_RefuseUnknownOrders()
    {
        Assert.Contains("1 to 3", Assert.Throws<ArgumentOutOfRangeException>(() => Solver.DpmSolver(4)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Solver.Deis(5));
        Assert.Throws<ArgumentOutOfRangeException>(() => Solver.DpmSolverPlusPlus(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => Solver.SdeDpmSolver(3));
        Assert.Throws<ArgumentOutOfRangeException>(() => Solver.UniPc(2, prediction: Prediction.Score));
    }

    [Fact]
    public void StochasticSolvers_RefuseAGridTowardsNoise() =>
        Assert.Contains(
            "invert",
            Assert.Throws<InvalidOperationException>(() => Solver.Ddpm().Tabulate(Schedule, TimeGrid.Uniform(4).Reversed())).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Builder_RefusesAnImplicitRow()
    {
        var builder = new TableBuilder(Schedule, TimeGrid.Uniform(2), Prediction.Noise);
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddGridState(1, [new(1, 1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.AddGridState(1, [new(0, 1)], inputs: [new(0, 1)]));
    }
}
