using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>Every scheduler against the states of diffusers itself.</summary>
public sealed class SchedulerGoldenTests
{
    // diffusers keeps its tables in 32 bits: a relative error of 6e-8 in alpha^2 is one of 3e-5 in the smallest sigma, and some 20
    // steps add up. Relative to the largest state.
    private const double Tolerance = 2e-5;

    // Their last step, or the first of the inverse, may end where it begins.
    private static readonly string[] MayRepeat = ["DDIMScheduler", "DDIMInverseScheduler", "PNDMScheduler"];

    // Those that step between training steps and have no list of sigmas.
    private static readonly string[] WithoutSigmas =
    [
        "CogVideoXDDIMScheduler", "CogVideoXDPMScheduler", "DDIMScheduler", "DDIMInverseScheduler", "DDPMScheduler", "IPNDMScheduler",
            "LCMScheduler",
        "PNDMScheduler", "TCDScheduler",
    ];

    public static TheoryData<string> Files => [.. GoldenScheduler.Files];

    [Fact]
    public void LeftOutStep_MovesNothing()
    {
        foreach (string file in GoldenScheduler.Files)
        {
            GoldenScheduler golden = GoldenScheduler.Load(file);
            int steps = golden.Sampling(golden.Configuration()).Grid.Steps;
            if (steps < golden.Steps)
            {
                Assert.Contains(golden.Scheduler, MayRepeat);
                Assert.Equal(golden.Steps - 1, steps);

                // 32-bit rounding is all that it does.
                Assert.All(golden.States[^1].Zip(golden.States[^2]), pair =>
                    Assert.Equal(pair.Second, pair.First, 1e-6 * Largest(golden.States[^1])));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Timesteps_MatchDiffusers(string file)
    {
        GoldenScheduler golden = GoldenScheduler.Load(file);
        SchedulerConfiguration configuration = golden.Configuration();
        double[] timesteps = configuration.Timesteps(golden.Sampling(configuration));
        double[] expected = golden.Timesteps[..timesteps.Length];
        Assert.InRange(golden.Timesteps.Length - timesteps.Length, 0, MayRepeat.Contains(golden.Scheduler) ? 1 : 0);

        // Whole timesteps are exact but for the way through the time in [0, 1]; the others went through 32-bit logarithms.
        bool whole = expected.All(double.IsInteger) && !file.Contains("/flow", StringComparison.Ordinal);
        double tolerance = whole ? 1e-9 : 2e-5 * expected.Max();
        Assert.All(timesteps.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, tolerance));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Sigmas_MatchDiffusers(string file)
    {
        GoldenScheduler golden = GoldenScheduler.Load(file);
        SchedulerConfiguration configuration = golden.Configuration();
        ScheduledSampling run = golden.Sampling(configuration);
        SolverTable table = run.Solver.Tabulate(run.Schedule, run.Grid);
        double[] levels = [.. configuration.NoiseLevels(run).Select(level => golden.DataDeviation is { } deviation ? deviation * level
            : configuration.Prediction == Prediction.NegativeFlow ? 1 - level : level)];
        Assert.Equal(golden.Sigmas.Length == 0, WithoutSigmas.Contains(golden.Scheduler));
        if (golden.Sigmas.Length > 0)
        {
            // Those of two evaluations a step are there twice.
            double[] sigmas = golden.Sigmas.Length > levels.Length ? [.. golden.Sigmas.Distinct()] : golden.Sigmas;
            Assert.Equal(sigmas.Length, levels.Length);
            Assert.All(levels.Zip(sigmas), pair => Assert.Equal(pair.Second, pair.First, Tolerance * golden.Sigmas.Max()));
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void StartNoise_IsAsLarge(string file)
    {
        GoldenScheduler golden = GoldenScheduler.Load(file);
        ScheduledSampling run = golden.Sampling(golden.Configuration());
        SolverTable table = run.Solver.Tabulate(run.Schedule, run.Grid);
        Assert.Equal(golden.DataDeviation is null ? 1 : 1 / golden.StateScale(table, table.Rows.Count - 1), run.SampleScale, 1e-12);
        double scale = golden.StateScale(table, 0);
        Assert.Equal(golden.StartDeviation ?? (run.StartScale / scale), run.StartScale / scale, Tolerance * (run.StartScale / scale));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void States_MatchDiffusers(string file)
    {
        GoldenScheduler golden = GoldenScheduler.Load(file);
        Assert.InRange(Discrepancy(golden, null), 0, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Sample_MatchesDiffusers(string file)
    {
        using DisposeScope scope = NewDisposeScope();
        GoldenScheduler golden = GoldenScheduler.Load(file);
        SchedulerConfiguration configuration = golden.Configuration();
        ScheduledSampling run = golden.Sampling(configuration);
        var sampler = new Sampler(GoldenScheduler.Network(configuration, run), run.Schedule, run.Solver, run.Grid);
        double[] sample = [.. sampler.Sample(golden.Start(sampler.Table), noise: golden.Noise(sampler.Table)).data<double>()];
        double scale = golden.StateScale(sampler.Table, sampler.Table.Rows.Count - 1);
        double largest = golden.States.Max(Largest);
        if (GivesNaN(golden))
        {
            Assert.All(sample, value => Assert.True(double.IsFinite(value)));
            return;
        }

        Assert.All(sample.Zip(golden.States[^1]), pair => Assert.Equal(pair.Second, pair.First / scale, Tolerance * largest));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Gradient_IsThatOfAllItsStepsTogether(string file)
    {
        using DisposeScope scope = NewDisposeScope();
        (Sampler sampler, Tensor start) = Sampler(file);
        BrownianPath noise = BrownianPath.PerStep(7);
        static Tensor Loss(Tensor x) => x.square().sum(1);

        SampleGradient together = sampler.Gradient(start, null, Loss, GradientMethod.Unrolled(), noise);
        SampleGradient stepwise = sampler.Gradient(start, null, Loss, GradientMethod.Discrete(), noise);

        Near.Equal(together.StartNoise, stepwise.StartNoise, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void After_GoesOnWithTheSameSteps(string file)
    {
        using DisposeScope scope = NewDisposeScope();
        GoldenScheduler golden = GoldenScheduler.Load(file);
        ScheduledSampling all = golden.Sampling(golden.Configuration());
        if (all.Grid.End > all.Grid.Start)
        {
            Assert.Throws<InputException>(() => all.After(2));
            return;
        }

        ScheduledSampling last = all.After(2);
        SolverTable table = all.Solver.Tabulate(all.Schedule, all.Grid), after = last.Solver.Tabulate(last.Schedule, last.Grid);
        Assert.Equal(all.Grid.NetworkTimes.Skip(2), last.Grid.NetworkTimes);

        // Methods of one step have the same rows; the others begin anew, with the lower orders of a start. Rows are of another prediction
        // where the start alone has no signal.
        if (table.Prediction == after.Prediction && table.Rows.Count == all.Grid.Steps + 1 && table.Rows.Index().All(row => row.Item.Outputs.All(term => term.Index == row.Index - 1)))
        {
            Assert.Equal(after.Rows.Skip(1).Select(Numbers), table.Rows.Skip(3).Select(Numbers));
        }

        static string Numbers(TableRow row) => string.Join(' ', row.States.Concat(row.Outputs).Concat(row.Inputs).Select(t => t.Weight));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Item_IsTheSameByItself(string file)
    {
        using DisposeScope scope = NewDisposeScope();
        (Sampler sampler, Tensor start) = Sampler(file);

        Tensor both = sampler.Sample(start, noise: BrownianPath.PerStep(NoiseSeeds.OfItems(5, 6)));
        Tensor second = sampler.Sample(start.narrow(0, 1, 1), noise: BrownianPath.PerStep(NoiseSeeds.OfItems(6)));

        Near.Equal(both.narrow(0, 1, 1), second, 0);
    }

    // A test that passed whatever the coefficients would be worth nothing: one part in a thousand of one of them must show, or one in a
    // hundred beside noise that is drawn anew at 80 times the data.
    [Theory]
    [MemberData(nameof(Files))]
    public void States_NoticeAPerturbedCoefficient(string file)
    {
        GoldenScheduler golden = GoldenScheduler.Load(file);
        Assert.Contains(Enumerable.Range(1, golden.States.Length - 1), row =>
            Discrepancy(golden, table => Perturbed(table, row, golden.DataDeviation is null ? 1.001 : 1.01)) > Tolerance);
    }

    public static TheoryData<int> Numbers => [2, 3, 4, 5, 7, 9, 13, 14, 15, 16, 17, 25, 30, 49, 50, 64, 100, 150, 333, 500, 998];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void ForSteps_TakesAnyNumberOfSteps(int steps)
    {
        foreach (string file in GoldenScheduler.Files)
        {
            GoldenScheduler golden = GoldenScheduler.Load(file);

            // Distilled models have the 50 steps of their distillation; Runge and Kutta's start takes three of at least four.
            int count = golden.Scheduler is "LCMScheduler" or "TCDScheduler" ? Math.Min(steps, 50)
                : golden.Scheduler is "CMStochasticIterativeScheduler" ? Math.Min(steps, 40)
                : file.Contains("-prk", StringComparison.Ordinal) ? Math.Max(steps, 4)
                : steps;
            ScheduledSampling run = golden.Configuration().ForSteps(count, golden.Mu);
            SolverTable table = run.Solver.Tabulate(run.Schedule, run.Grid);
            Assert.InRange(run.Grid.Steps, count - 1, count);
            Assert.All(table.Rows, row => Assert.True(row.Outputs.All(term => double.IsFinite(term.Weight))));
        }
    }

    private static (Sampler Sampler, Tensor Start) Sampler(string file)
    {
        GoldenScheduler golden = GoldenScheduler.Load(file);
        SchedulerConfiguration configuration = golden.Configuration();
        ScheduledSampling run = golden.Sampling(configuration);
        var sampler = new Sampler(GoldenScheduler.Network(configuration, run), run.Schedule, run.Solver, run.Grid);
        return (sampler, StartNoise.Draw([2, 3], 5, ScalarType.Float64) * run.StartScale);
    }

    private static bool GivesNaN(GoldenScheduler golden) => golden.States[^1].Any(double.IsNaN);

    private static double Largest(double[] state) => state.Where(double.IsFinite).Select(Math.Abs).DefaultIfEmpty().Max();

    private static SolverTable Perturbed(SolverTable table, int number, double factor)
    {
        TableRow[] rows = [.. table.Rows];
        TableRow row = rows[Math.Min(number, rows.Length - 1)];
        if (row.Outputs.Count == 0)
        {
            return table;
        }

        TableTerm[] outputs = [.. row.Outputs.OrderByDescending(term => Math.Abs(term.Weight))];
        outputs[0] = outputs[0] with { Weight = outputs[0].Weight * factor };
        rows[Math.Min(number, rows.Length - 1)] = new TableRow(row.At, row.Prediction, [.. row.States], outputs, [.. row.Inputs]);
        return new SolverTable(table.Prediction, table.Schedule, rows, [.. table.NoiseIntervals], null);
    }

    /// <summary>The largest difference between any two states, relative to the largest state.</summary>
    private static double Discrepancy(GoldenScheduler golden, Func<SolverTable, SolverTable>? change)
    {
        using DisposeScope scope = NewDisposeScope();
        SchedulerConfiguration configuration = golden.Configuration();
        ScheduledSampling run = golden.Sampling(configuration);
        SolverTable table = run.Solver.Tabulate(run.Schedule, run.Grid);
        table = change?.Invoke(table) ?? table;
        double[][] states = TableStates.Run(table, GoldenScheduler.Network(configuration, run), golden.Start(table), golden.Noise(table));

        // UniPC with B(h) = h computes infinity times zero at zero noise in diffusers; the limit is what the other states lead to.
        double[][] expected = GivesNaN(golden) ? golden.States[..^1] : golden.States;

        // diffusers shows the states at which the network is evaluated, and the sample; a predictor that is corrected in place of them
        // is not shown. A step that moves nothing is left out here, so its state appears twice there.
        int[] shown = [.. table.EvaluatedRows, .. GivesNaN(golden) ? Array.Empty<int>() : [table.Rows.Count - 1]];
        if (expected.Length > shown.Length)
        {
            expected = golden.Scheduler == "DDIMInverseScheduler" ? expected[1..] : expected[..^1];
        }

        Assert.Equal(expected.Length, shown.Length);

        // Zero terminal SNR starts at 4096 times the data, beside which every error would look small.
        double largest = expected.Skip(1).Max(Largest);
        return shown.Zip(expected).Max(pair =>
        {
            double scale = golden.StateScale(table, pair.First);
            return states[pair.First].Zip(pair.Second).Max(values => Math.Abs((values.First / scale) - values.Second));
        }) / largest;
    }
}
