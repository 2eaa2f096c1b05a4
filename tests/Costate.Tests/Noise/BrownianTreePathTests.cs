using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>The tree as the noise of a run.</summary>
public sealed class BrownianTreePathTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear();

    [Theory]
    [InlineData(Prediction.Data)]
    [InlineData(Prediction.Noise)]
    public void OneSeed_IsOnePath_At20And40Steps(Prediction prediction)
    {
        using var scope = NewDisposeScope();
        BrownianPath path = BrownianPath.Tree(8);
        NoiseInterval[] coarse = Intervals(20, 1e-3);
        NoiseInterval[] fine = Intervals(40, 1e-3);
        double scale = Math.Sqrt(coarse.Max(i => Math.Max(i.From, i.To)));
        for (int i = 0; i < 20; i++)
        {
            // The grids' common points differ by rounding. A path is not smooth, but a leaf is: see the remarks of Tree.
            BrownianTreeTests.AssertJoined(Increment(coarse[i]), Increment(fine[2 * i]), Increment(fine[(2 * i) + 1]), scale);
        }

        // Where the grid ends does not matter, either: bits, because the point is the same.
        NoiseInterval first = new(coarse[0].From, 0.5);
        Assert.Equal(path.Normal(0, first, zeros(2, 3)), BrownianPath.Tree(8).Normal(17, first, zeros(2, 3)));

        NoiseInterval[] Intervals(int steps, double end) =>
            [
                .. (prediction == Prediction.Data ? Solver.SdeDpmSolverPlusPlus(1) : Solver.SdeDpmSolver(1))
            .Tabulate(Schedule, TimeGrid.UniformLogSnr(Schedule, steps, 1, end)).NoiseIntervals];

        BrownianIncrement Increment(NoiseInterval interval)
        {
            double length = Math.Abs(interval.To - interval.From);
            Tensor like = zeros(1, 1, dtype: ScalarType.Float64);
            return new(
                length,
                Vector256.Create(Math.Sqrt(length) * path.Normal(0, interval, like).item<double>()),
                Vector256.Create(Math.Sqrt(length / 12) * path.Normal(0, interval with { IsLevyArea = true }, like).item<double>()));
        }
    }

    [Fact]
    public void Queries_InAnyOrderAndAnyBatch_HaveTheSameBits()
    {
        using var scope = NewDisposeScope();
        Tensor like = zeros(4, 3, 2);
        double[] points = [1e-4, 0.02, 0.5, 0.9, 77, 1e4];
        NoiseInterval[] intervals =
        [
            .. points.Zip(points.Skip(1), (a, b) => new NoiseInterval(a, b)),
            .. points.Zip(points.Skip(1), (a, b) => new NoiseInterval(b, a, true)),
        ];
        BrownianPath path = BrownianPath.Tree(3);
        Tensor[] forth = [.. intervals.Select((interval, i) => path.Normal(i, interval, like))];
        Tensor[] back = [.. intervals.Reverse().Select(interval => BrownianPath.Tree(3).Normal(0, interval, like)).Reverse()];
        Assert.Equal(forth, back);
        Assert.Equal(forth[2].narrow(0, 0, 2), path.Normal(0, intervals[2], like.narrow(0, 0, 2)));
        Assert.Equal(forth[2].to(ScalarType.Float32), path.Normal(0, intervals[2], like.to(ScalarType.Float64)).to(ScalarType.Float32));
        Assert.Equal(ScalarType.Float32, forth[2].dtype);
        Assert.NotEqual(forth[2][0], forth[2][1]);

        // Zero seeds are as good as others, and a seed is no stream.
        Assert.NotEqual(BrownianPath.Tree(0).Normal(0, intervals[1], like), BrownianPath.Tree(1).Normal(0, intervals[1], like));
        Assert.NotEqual(path.Normal(0, intervals[1], like), path.Normal(0, intervals[1] with { IsLevyArea = true }, like));
    }

    [Fact]
    public void Seeds_FollowTheirItem()
    {
        using var scope = NewDisposeScope();
        Tensor like = zeros(2, 4, dtype: ScalarType.Float64);
        var interval = new NoiseInterval(0.2, 0.9);
        Tensor forth = BrownianPath.Tree(NoiseSeeds.OfItems(7, 8)).Normal(0, interval, like);
        Tensor back = BrownianPath.Tree(NoiseSeeds.OfItems(8, 7)).Normal(0, interval, like);
        Assert.Equal(forth[0], back[1]);
        Assert.Equal(forth[1], back[0]);

        // Found before the run begins.
        var sampler = new Sampler(
            Denoiser.FromFunction((_, _, _) => throw new InvalidOperationException("called"), Prediction.Noise),
            Schedule,
            Solver.SdeDpmSolver(1),
            TimeGrid.Uniform(5));
        Assert.Contains(
            "2 seeds",
            Assert
                .Throws<InputException>(() =>
                {
                    sampler.Sample(zeros(3, 4), null, BrownianPath.Tree(NoiseSeeds.OfItems(7, 8)));
                })
                .Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ImpossibleStretches_AreRefusedWithACure()
    {
        using var scope = NewDisposeScope();
        BrownianPath path = BrownianPath.Tree(1);
        Refused(-1e-3, 1, "-0.001");
        Refused(1, double.PositiveInfinity, "inwards");
        Refused(double.NaN, 1, "finite");
        Refused(1, 1 + 1e-7, "finer resolution");
        Refused(0, 1e-40, "finer resolution");
        Assert.Contains("0.5", Assert.Throws<ArgumentOutOfRangeException>(() => BrownianPath.Tree(1, 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => BrownianPath.Tree(1, double.NaN));
        Assert.Throws<ArgumentOutOfRangeException>(() => BrownianPath.Tree(1, 0.6));

        // A step that is too short is found before the network is called.
        var denoiser = Denoiser.FromFunction((_, _, _) => throw new InvalidOperationException("called"), Prediction.Noise);
        var sampler = new Sampler(denoiser, Schedule, Solver.SdeDpmSolver(1), TimeGrid.FromTimes([1, 0.5, 0.5 - 1e-10, 0.1]));
        Assert.Contains(
            "finer resolution",
            Assert
                .Throws<ArgumentException>(() =>
                {
                    sampler.Sample(zeros(1, 2), null, path);
                })
                .Message,
            StringComparison.Ordinal);

        void Refused(double from, double to, string says) =>
            Assert.Contains(
                says,
                Assert
                    .Throws<ArgumentException>(() =>
                    {
                        path.Normal(0, new NoiseInterval(from, to), zeros(1, 2));
                    })
                    .Message,
                StringComparison.Ordinal);
    }

    [Fact]
    public void StepsToCleanData_AndFromPureNoise_Run()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        // The last interval ends at infinity and is not used; the first one begins at 0.
        var ddpm = new Sampler(Denoiser.FromModule(net, Prediction.Noise), Schedule, Solver.Ddpm(), TimeGrid.Uniform(8, 1, 0));
        Assert.Equal(double.PositiveInfinity, ddpm.Table.NoiseIntervals[^1].To);
        Assert.True(ddpm.Sample(SmallNet.Start(), SmallNet.Condition(), BrownianPath.Tree(2)).isfinite().all().item<bool>());

        var flow = new Sampler(
            Denoiser.FromFunction((x, _, _) => x * 0.3, Prediction.Data),
            NoiseSchedule.RectifiedFlow(),
            Solver.SdeDpmSolverPlusPlus(1),
            TimeGrid.Uniform(8, 1, 0.01));
        Assert.Equal(0, flow.Table.NoiseIntervals[0].From);
        Assert.True(flow.Sample(SmallNet.Start(), null, BrownianPath.Tree(2)).isfinite().all().item<bool>());
    }

    [Fact]
    public void CycleDiffusion_DrawsItsStatesApartFromThePath()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var sampler = new Sampler(
            Denoiser.FromModule(net, Prediction.Noise),
            Schedule,
            Solver.SdeDpmSolverPlusPlus(1),
            TimeGrid.UniformLogSnr(Schedule, 12, 1, 0.01));
        Tensor sample = SmallNet.Start();
        Near.Equal(sample, sampler.Sample(sampler.Invert(sample, SmallNet.Condition(), BrownianPath.Tree(3)), SmallNet.Condition()), 1e-11);
    }

    [Fact]
    public void Queries_KeepNothing()
    {
        using Tensor like = zeros(2, 8, dtype: ScalarType.Float64);
        Tensor Ask(BrownianPath path, int i) => path.Normal(i, new NoiseInterval(1 + i, 2 + i), like);
        BrownianPath path = BrownianPath.Tree(1);
        Ask(path, 0).Dispose();
        long before = GC.GetTotalMemory(true);
        for (int i = 0; i < 2000; i++)
        {
            Ask(path, i).Dispose();
        }

        // A cache of 2000 vectors of 16 numbers would hold 256 kB.
        Assert.InRange(GC.GetTotalMemory(true) - before, long.MinValue, 60_000);
        GC.KeepAlive(path);
    }
}
