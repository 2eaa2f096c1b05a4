using static Costate.Networks.Tests.DirectSchedule;

namespace Costate.Networks.Tests;

/// <summary>Options that choose the method: what they do to the table.</summary>
public sealed class SolverOptionTests
{
    private const string Dpm = "DPMSolverMultistepScheduler";
    private const string Single = "DPMSolverSinglestepScheduler";
    private const string UniPc = "UniPCMultistepScheduler";
    private const string SigmaMin = "\"final_sigmas_type\": \"sigma_min\"";
    private const string Karras = "\"use_karras_sigmas\": true";

    // The number of predictions in each step is its order.
    [Theory]
    [InlineData(Dpm, 5, "1 2 3 2 1", SigmaMin)]
    [InlineData(Dpm, 14, "1 2 3 3 3 3 3 3 3 3 3 3 2 1", SigmaMin)]
    [InlineData(Dpm, 15, "1 2 3 3 3 3 3 3 3 3 3 3 3 3 3", SigmaMin)]
    [InlineData(Dpm, 15, "1 2 3 3 3 3 3 3 3 3 3 3 3 3 1")]
    [InlineData(Dpm, 15, "1 2 3 3 3 3 3 3 3 3 3 3 3 3 1", SigmaMin, "\"euler_at_final\": true")]
    [InlineData(Dpm, 5, "1 2 3 3 3", SigmaMin, "\"lower_order_final\": false")]
    [InlineData(Dpm, 5, "1 2 3 3 1", SigmaMin, "\"lower_order_final\": false", "\"euler_at_final\": true")]
    [InlineData(Dpm, 5, "1 2 3 2 1", SigmaMin, "\"euler_at_final\": true")]
    [InlineData("DEISMultistepScheduler", 5, "1 2 3 2 1")]
    [InlineData("DEISMultistepScheduler", 15, "1 2 3 3 3 3 3 3 3 3 3 3 3 3 3")]
    [InlineData("DEISMultistepScheduler", 5, "1 2 3 3 3", "\"lower_order_final\": false")]
    [InlineData(Single, 5, "1 2 3 1 2", SigmaMin)]
    [InlineData(Single, 6, "1 2 3 1 2 3", SigmaMin)]
    [InlineData(Single, 6, "1 2 3 1 2 1", SigmaMin, "\"lower_order_final\": true")]
    [InlineData(Single, 7, "1 2 3 1 2 3 1", SigmaMin, "\"lower_order_final\": true")]
    [InlineData(Single, 6, "1 2 3 1 2 1")]
    public void Orders_FollowTheOptions(string scheduler, int steps, string expected, params string[] options)
    {
        ScheduledSampling run = TestConfiguration
            .Parse(scheduler, [StableDiffusion, "\"solver_order\": 3", "\"solver_type\": \"heun\"", .. options])
            .ForSteps(steps);
        SolverTable table = run.Solver.Tabulate(run.Schedule, run.Grid);
        Assert.Equal(expected, string.Join(' ', table.Rows.Skip(1).Select(row => row.Outputs.Count)));
    }

    // Levels that end with the same one twice: the step between them moves nothing, but the others keep the order they have before it.
    [Theory]
    [InlineData(Dpm, "1 2 3 2", SigmaMin)]
    [InlineData(Dpm, "1 2 3 3", SigmaMin, "\"lower_order_final\": false", "\"euler_at_final\": true")]
    [InlineData("DEISMultistepScheduler", "1 2 3 2")]
    public void RepeatedEnd_CountsAsAStep(string scheduler, string expected, params string[] options)
    {
        ScheduledSampling run = TestConfiguration
            .Parse(scheduler, [StableDiffusion, "\"solver_order\": 3", "\"solver_type\": \"heun\"", Karras, .. options])
            .ForSteps(5);
        SolverTable table = run.Solver.Tabulate(run.Schedule, run.Grid);
        Assert.Equal(4, run.Grid.Steps);
        Assert.Equal(expected, string.Join(' ', table.Rows.Skip(1).Select(row => row.Outputs.Count)));
    }

    [Fact]
    public void RepeatedEnd_OfUniPcCorrectsTheSample()
    {
        ScheduledSampling run = TestConfiguration.Parse(UniPc, StableDiffusion, Karras, SigmaMin, "\"solver_order\": 3").ForSteps(5);
        SolverTable table = run.Solver.Tabulate(run.Schedule, run.Grid);
        Assert.Equal(4, run.Grid.Steps);

        // Five evaluations as published: the last, at the sample's own level, corrects it.
        Assert.Equal(5, table.EvaluatedRows.Count);
        Assert.Equal(4, table.Rows[^1].GridIndex);
        Assert.Contains(table.Rows[^1].Outputs, term => term.Index == table.Rows.Count - 2);
        Assert.Equal("0 1 2 3 4", string.Join(' ', table.Rows.Where(row => row.GridIndex is not null).Select(row => row.GridIndex)));
    }

    [Theory]
    [InlineData("dpmsolver++", "DPM-Solver++2M", false)]
    [InlineData("deis", "DPM-Solver++2M", false)]
    [InlineData("dpmsolver", "DPM-Solver-2M", false)]
    [InlineData("sde-dpmsolver++", "SDE-DPM-Solver++2M", true)]
    [InlineData("sde-dpmsolver", "SDE-DPM-Solver-2M", true)]
    public void AlgorithmType_ChoosesTheMethod(string algorithm, string name, bool stochastic)
    {
        Solver solver = TestConfiguration.Parse(Dpm, SigmaMin, $"\"algorithm_type\": \"{algorithm}\"").ForSteps(10).Solver;
        Assert.Equal(name, solver.Name);
        Assert.Equal(stochastic, solver.IsStochastic);
    }

    [Fact]
    public void NamesOfOtherFamilies_StandForTheUsualOnes()
    {
        Assert.Equal(
            "DEIS-2",
            TestConfiguration
                .Parse("DEISMultistepScheduler", "\"algorithm_type\": \"dpmsolver++\"", "\"solver_type\": \"midpoint\"")
                .ForSteps(10)
                .Solver.Name);
        Assert.Equal(Weights(Dpm, "\"solver_type\": \"midpoint\""), Weights(Dpm, "\"solver_type\": \"bh1\""));
        Assert.NotEqual(Weights(Dpm, "\"solver_type\": \"midpoint\""), Weights(Dpm, "\"solver_type\": \"heun\""));
        Assert.Equal(Weights(UniPc, "\"solver_type\": \"bh2\""), Weights(UniPc, "\"solver_type\": \"midpoint\""));
        Assert.NotEqual(Weights(UniPc, "\"solver_type\": \"bh2\""), Weights(UniPc, "\"solver_type\": \"bh1\""));
    }

    [Theory]
    [InlineData("bh1")]
    [InlineData("bh2")]
    public void UniPc_InNoisePredictionFollowsItsFormulas(string variant)
    {
        ScheduledSampling run = TestConfiguration
            .Parse(UniPc, StableDiffusion, "\"predict_x0\": false", SigmaMin, $"\"solver_type\": \"{variant}\"")
            .ForSteps(5);
        SolverTable table = run.Solver.Tabulate(run.Schedule, run.Grid);
        Assert.Equal(Prediction.Noise, table.Prediction);

        // Rows: start, 1 predicted, 1 corrected, 2 predicted, 2 corrected, ...
        double[] a = [.. run.Grid.Times.Select(run.Schedule.Alpha)];
        double[] s = [.. run.Grid.Times.Select(run.Schedule.Sigma)];
        double[] lambda = [.. run.Grid.Times.Select(run.Schedule.HalfLogSnr)];
        double h0 = lambda[1] - lambda[0];
        double h1 = lambda[2] - lambda[1];
        double B(double h) => variant == "bh1" ? h : Math.Exp(h) - 1;

        // Predictor of order 1: DDIM. Corrector of order 1: half of sigma B(h) on the difference of the new prediction.
        CheckRow(table.Rows[1], (0, a[1] / a[0]), (0, -s[1] * (Math.Exp(h0) - 1)));
        double half = 0.5 * s[1] * B(h0);
        CheckRow(table.Rows[2], (0, a[1] / a[0]), (0, (-s[1] * (Math.Exp(h0) - 1)) + half), (1, -half));

        // Predictor of order 2: x = a2/a1 x1 - s2 (e^h - 1) m1 - s2 B(h)/2 (m0 - m1)/r, r = (lambda0 - lambda1)/h.
        double slope = -0.5 * s[2] * B(h1) / ((lambda[0] - lambda[1]) / h1);
        CheckRow(table.Rows[3], (2, a[2] / a[1]), (1, (-s[2] * (Math.Exp(h1) - 1)) - slope), (0, slope));

        // Corrector of order 2: rho from r rho1 + rho2 = g1/B, r^2... in the two unknowns of eq. 3.
        double r = (lambda[0] - lambda[1]) / h1;
        double phi1 = ((Math.Exp(h1) - 1) / h1) - 1;
        double phi2 = (phi1 / h1) - 0.5;
        double b1 = phi1 / B(h1);
        double b2 = 2 * phi2 / B(h1);
        double rho0 = (b2 - b1) / (r - 1);
        double rho1 = b1 - rho0;
        double first = -s[2] * B(h1) * rho0 / r;
        double second = -s[2] * B(h1) * rho1;
        CheckRow(table.Rows[4], (2, a[2] / a[1]), (3, second), (1, (-s[2] * (Math.Exp(h1) - 1)) - first - second), (0, first));
    }

    [Fact]
    public void UniPc_InNoisePredictionReachesZeroNoise()
    {
        ScheduledSampling run = TestConfiguration.Parse(UniPc, StableDiffusion, "\"predict_x0\": false").ForSteps(5);
        TableRow last = run.Solver.Tabulate(run.Schedule, run.Grid).Rows[^1];

        // x0 = (x - sigma eps)/alpha.
        double alpha = run.Schedule.Alpha(run.Grid.Times[4]);
        Assert.Equal(1 / alpha, last.States.Single().Weight, 1e-12);
        Assert.Equal(-run.Schedule.Sigma(run.Grid.Times[4]) / alpha, last.Outputs.Single().Weight, 1e-12);
    }

    [Fact]
    public void UniPc_LeavesOutDisabledCorrections()
    {
        ScheduledSampling all = TestConfiguration.Parse(UniPc, StableDiffusion).ForSteps(6);
        ScheduledSampling some = TestConfiguration.Parse(UniPc, StableDiffusion, "\"disable_corrector\": [0, 2]").ForSteps(6);
        SolverTable corrected = all.Solver.Tabulate(all.Schedule, all.Grid);
        SolverTable table = some.Solver.Tabulate(some.Schedule, some.Grid);

        // Six predictions and five corrections; the corrections of steps 0 and 2 are gone, and these predictions are final.
        Assert.Equal(12, corrected.Rows.Count);
        Assert.Equal(10, table.Rows.Count);
        Assert.Equal("0 1 - 2 3 - 4 - 5 6", string.Join(' ', table.Rows.Select(row => row.GridIndex?.ToString() ?? "-")));
        Assert.Equal(6, table.EvaluatedRows.Count);
    }

    private static void CheckRow(TableRow row, (int Index, double Weight) state, params (int Index, double Weight)[] outputs)
    {
        Assert.Equal(state.Index, row.States.Single().Index);
        Assert.Equal(state.Weight, row.States.Single().Weight, 1e-12);
        TableTerm[] terms = [.. row.Outputs.OrderBy(term => term.Index)];
        Assert.Equal(outputs.Select(output => output.Index).Order(), terms.Select(term => term.Index));
        Assert.All(terms.Zip(outputs.OrderBy(output => output.Index)), pair => Assert.Equal(pair.Second.Weight, pair.First.Weight, 1e-12));
    }

    private static double[] Weights(string scheduler, params string[] options)
    {
        ScheduledSampling run = TestConfiguration.Parse(scheduler, options).ForSteps(10);
        return [.. run.Solver.Tabulate(run.Schedule, run.Grid).Rows.SelectMany(row => row.Outputs).Select(term => term.Weight)];
    }
}
