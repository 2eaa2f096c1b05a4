using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Tests.Guidance;

/// <summary>
/// What an optimisation does to the variables it changes: each keeps its own dtype, and all come back bit for bit where nothing was found.
/// </summary>
public sealed class LatentVariablesTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear();

    [Theory]
    [InlineData(ScalarType.Float32, ScalarType.Float64, ScalarType.Float64)]
    [InlineData(ScalarType.Float16, ScalarType.Float32, ScalarType.Float32)]
    [InlineData(ScalarType.Float16, ScalarType.BFloat16, ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64, ScalarType.Float32, ScalarType.Float16)]
    [InlineData(ScalarType.Float32, ScalarType.Float32, ScalarType.Float32)]
    public void WithoutIterations_AndAfterAnException_AllIsBitForBitAsItWas(
        ScalarType ofStart,
        ScalarType ofCondition,
        ScalarType ofWeights)
    {
        foreach (int count in new[] { 1, 2 })
        {
            foreach (
                OptimisationTargets targets in new[]
                {
                    OptimisationTargets.Parameters,
                    OptimisationTargets.Parameters | OptimisationTargets.StartNoise | OptimisationTargets.Condition,
                })
            {
                using var scope = NewDisposeScope();
                Parameter[] weights =
                [
                    .. Enumerable
                        .Range(0, count)
                        .Select(i => new Parameter(StartNoise.Draw([3], (ulong)(8 + i), ScalarType.Float64).to(ofWeights))),
                ];
                (Tensor start, Tensor condition) = (
                    StartNoise.Draw([2, 3], 5, ScalarType.Float64).to(ofStart),
                    StartNoise.Draw([2, 3], 6, ScalarType.Float64).to(ofCondition));
                Tensor[] before = [.. weights.Select(w => w.detach().clone())];
                var options = new LatentOptimisationOptions { Iterations = 0, Targets = targets, ParameterRate = 0.1 };
                OptimisedLatent found = new LatentOptimisation(NewSampler(weights), Loss, options).Run(start, condition);
                Same(start, found.StartNoise);
                Same(condition, found.Condition!.Values);
                Assert.All(before.Zip(weights), pair => Same(pair.First, pair.Second));

                // The weights have moved when the third evaluation throws.
                int calls = 0;
                Tensor Fails(Tensor x) =>
                    ++calls == 3 ? throw new InvalidOperationException($"No: {weights[0].equal(before[0]).all().item<bool>()}.") : Loss(x);
                string message = Assert
                    .Throws<InvalidOperationException>(() =>
                        new LatentOptimisation(NewSampler(weights), Fails, options with { Iterations = 5 }).Run(start, condition))
                    .Message;
                Assert.Contains("No: False", message, StringComparison.Ordinal);
                Assert.All(before.Zip(weights), pair => Same(pair.First, pair.Second));

                using var stop = new CancellationTokenSource();
                Tensor Stops(Tensor x)
                {
                    stop.Cancel();
                    return Loss(x);
                }

                Assert.Throws<OperationCanceledException>(() =>
                    new LatentOptimisation(NewSampler(weights), Stops, options with { Iterations = 5 }).Run(
                        start,
                        condition,
                        cancellationToken: stop.Token));
                Assert.All(before.Zip(weights), pair => Same(pair.First, pair.Second));
            }
        }
    }

    [Fact]
    public void SmallWeightSteps_AreNotRoundedToTheDtypeOfTheStart()
    {
        using var scope = NewDisposeScope();
        using var weight = new Parameter(ones(3, ScalarType.Float64));
        var options = new LatentOptimisationOptions { Iterations = 1, Targets = OptimisationTargets.Parameters, ParameterRate = 1e-9 };

        // In 32 bits the loss itself does not tell so small a step: each later one is made to look better.
        int calls = 0;
        new LatentOptimisation(NewSampler([weight]), x => Loss(x) - calls++, options).Run(
            StartNoise.Draw([2, 3], 5),
            StartNoise.Draw([2, 3], 6));
        Assert.InRange((weight.detach() - 1).abs().max().item<double>(), 1e-12, 1e-7);
    }

    [Fact]
    public void AStartThatOverflowsIn16Bits_HasDiverged_AndKeepsItsBest()
    {
        using var scope = NewDisposeScope();
        using var none = new Parameter(zeros(3));
        var options = new LatentOptimisationOptions { Iterations = 4, StartNoiseRate = 1, Targets = OptimisationTargets.StartNoise };
        Tensor start = StartNoise.Draw([2, 3], 5).to(ScalarType.Float16), condition = StartNoise.Draw([2, 3], 6).to(ScalarType.Float16);
        Tensor Steep(Tensor x) => Loss(x) * tensor(new[] { 1f, 0.01f }).to(x.dtype);
        OptimisedLatent found = new LatentOptimisation(NewSampler([none]), Steep, options with { StartNoiseRate = 1e5 }).Run(
            start,
            condition);
        Assert.Contains(found.Diverged, item => item.Item == 0);
        Assert.True(found.StartNoise.isfinite().all().item<bool>());
    }

    [Fact]
    public void KeptNorm_OfAStartOfZeros_IsNoNaN()
    {
        using var scope = NewDisposeScope();
        using var none = new Parameter(zeros(3));
        var options = new LatentOptimisationOptions
        {
            Iterations = 2,
            StartNoiseRate = 0.1,
            KeepStartNorm = true,
            Targets = OptimisationTargets.StartNoise,
        };
        OptimisedLatent found = new LatentOptimisation(NewSampler([none]), x => x.square().sum(1), options).Run(
            cat([zeros(1, 3), StartNoise.Draw([1, 3], 5)]),
            zeros(2, 3));
        Assert.Empty(found.Diverged);
        Assert.Equal(0, found.StartNoise[0].abs().max().item<float>());
    }

    // A loss that is NaN beyond a wall: the first long step of the search leads there.
    [Theory]
    [InlineData("loss")]
    [InlineData("network")]
    [InlineData("overflow")]
    public void LineSearch_GoesBackFromWhereNothingIsANumber_AndOn(string what)
    {
        using var scope = NewDisposeScope();
        bool beyond = false;
        ScalarType dtype = what == "overflow" ? ScalarType.Float16 : ScalarType.Float64;
        Denoiser net = Denoiser.FromFunction((x, t, _) => Walled(x * 0.0, what == "network" ? x : zeros_like(x)), Prediction.Noise);
        var sampler = new Sampler(net, Schedule, Solver.Ddim(), TimeGrid.UniformLogSnr(Schedule, 3, 0.9, 0.05));
        double scale = Schedule.Alpha(0.05) / Schedule.Alpha(0.9);
        var options = new LatentOptimisationOptions
        {
            Iterations = 40,
            StartNoiseRate = what == "overflow" ? 1e12 : 1e4,
            Optimiser = LatentOptimiser.LimitedMemoryBfgs(trials: 60),
            Targets = OptimisationTargets.StartNoise,
        };
        Tensor Aim(Tensor x) =>
            what == "overflow" ? (x / scale).abs().sum(1) : Walled(((x / scale) - 1).square().sum(1), what == "loss" ? x : zeros_like(x));
        OptimisedLatent found = new LatentOptimisation(sampler, Aim, options).Run(full([1, 2], 2.0, dtype));
        Assert.True(beyond || what == "overflow");
        Assert.Empty(found.Diverged);
        Assert.True(
            found.BestLoss[0] < 0.2 * found.Losses[0, 0].item<double>(),
            $"{found.BestLoss[0]} of {found.Losses[0, 0].item<double>()}");

        Tensor Walled(Tensor value, Tensor at)
        {
            bool passes = at.abs().max().to(ScalarType.Float64).item<double>() <= 1000;
            beyond |= !passes;
            return passes ? value : value * double.NaN;
        }
    }

    private static void Same(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.dtype, actual.dtype);
        Assert.True(expected.equal(actual).all().item<bool>());
    }

    private static Sampler NewSampler(Parameter[] weights) => new(
            Denoiser.FromFunction(
                (x, _, z) => weights.Aggregate((0.2 * x) + z!.to(x.dtype).tanh(), (sum, w) => sum + (x * w.to(x.dtype))),
                Prediction.Data,
                parameters: weights),
        Schedule,
        Solver.Ddim(),
        TimeGrid.UniformLogSnr(Schedule, 3, 0.9, 0.05));

    private static Tensor Loss(Tensor x) => (x - 0.3).square().sum(1);
}
