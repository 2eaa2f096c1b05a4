using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Learned times against a finer run.</summary>
public sealed class ScheduleOptimisationTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    [Theory]
    [InlineData("ddim")]
    [InlineData("dpm++2")]
    [InlineData("unipc-2")]
    public void LearnedTimes_AreCloserToAFinerRun_ForItemsNotSeenToo(string name)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Denoiser denoiser = Denoiser.FromModule(net, Prediction.Noise);
        Sampler few = SamplerOf(TimeGrid.UniformLogSnr(Schedule, 5, 1, 0.01));
        Sampler fine = new(denoiser, Schedule, Solver.DpmSolverPlusPlus(3), TimeGrid.UniformLogSnr(Schedule, 100, 1, 0.01));
        Tensor start = StartNoise.Draw([16, 3], 1, ScalarType.Float64), z = StartNoise.Draw([16, 2], 2, ScalarType.Float64);

        OptimisedSchedule learned = new ScheduleOptimisation(few, new ScheduleOptimisationOptions { Iterations = 12 })
            .Run(start, z, fine.Sample(start, z));

        Assert.Equal(few.Grid.Start, learned.Grid.Start);
        Assert.Equal(few.Grid.End, learned.Grid.End);
        Assert.Equal(5, learned.Grid.Steps);
        Assert.Equal(Error(few, start, z), learned.Losses[0], 1e-12);
        Assert.Equal(Error(SamplerOf(learned.Grid), start, z), learned.BestLoss, 1e-12);
        Assert.True(learned.BestLoss < 0.7 * learned.Losses[0], $"{learned.Losses[0]} -> {learned.BestLoss}");
        Tensor otherStart = StartNoise.Draw([64, 3], 3, ScalarType.Float64), otherZ = StartNoise.Draw([64, 2], 4, ScalarType.Float64);
        Assert.True(Error(SamplerOf(learned.Grid), otherStart, otherZ) < Error(few, otherStart, otherZ));

        Sampler SamplerOf(TimeGrid grid) => new(denoiser, Schedule, Solvers.Named(name), grid);

        double Error(Sampler sampler, Tensor x, Tensor condition) =>
            (sampler.Sample(x, condition) - fine.Sample(x, condition)).square().mean().item<double>();
    }

    [Fact]
    public void StepsThatWouldMeet_AreNotTaken()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        var sampler = new Sampler(
            Denoiser.FromModule(net, Prediction.Noise), Schedule, Solver.Ddim(), TimeGrid.UniformLogSnr(Schedule, 4, 1, 0.01));
        var options = new ScheduleOptimisationOptions { Iterations = 4, Rate = 1e4, Optimiser = LatentOptimiser.GradientDescent() };
        Tensor start = SmallNet.Start(), z = SmallNet.Condition();
        OptimisedSchedule learned = new ScheduleOptimisation(sampler, options).Run(start, z, start);
        Assert.Contains(learned.Losses, double.IsNaN);
        Assert.False(double.IsNaN(learned.BestLoss));

        // As anywhere, times that cross are no grid.
        Assert.Throws<ArgumentException>(() => TimeGrid.FromTimes([1, 0.4, 0.5, 0]));
    }

    [Fact]
    public void WhatCannotBeLearned_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Denoiser denoiser = Denoiser.FromModule(net, Prediction.Noise);
        TimeGrid grid = TimeGrid.UniformLogSnr(Schedule, 4, 1, 0.01);
        Refused(Solver.Ddpm(), grid, "deterministic");
        Refused(Solver.Ddim(), grid.Reversed(), "from noise to data");
        Refused(Solver.Ddim(), TimeGrid.FromTimes([.. grid.Times], [.. grid.Times.Select(t => t * 0.9)]), "its own times");
        var sampler = new Sampler(denoiser, Schedule, Solver.Ddim(), grid);
        Assert.Throws<InputException>(
            () => new ScheduleOptimisation(sampler, new() { Optimiser = LatentOptimiser.GaussNewton() }));
        Assert.Throws<InputException>(() => new ScheduleOptimisation(sampler, new() { Rate = 0 }));
        Assert.Throws<InputException>(
            () => new ScheduleOptimisation(sampler).Run(SmallNet.Start(), SmallNet.Condition(), SmallNet.Condition()));

        void Refused(Solver solver, TimeGrid its, string said) => Assert.Contains(
            said, Assert.Throws<InputException>(() => new ScheduleOptimisation(new Sampler(denoiser, Schedule, solver, its))).Message);
    }
}
