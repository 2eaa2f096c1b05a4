using static TorchSharp.torch;

namespace Costate.Tests.Guidance;

/// <summary>Optimisation and guidance of networks in 16 bits, against the same in 32.</summary>
public sealed class HalfPrecisionTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear();

    public static TheoryData<ScalarType> Halves => [ScalarType.Float16, ScalarType.BFloat16];

    public static TheoryData<ScalarType, string> HalvesAndOptimisers
    {
        get
        {
            var data = new TheoryData<ScalarType, string>();
            foreach (ScalarType dtype in new[] { ScalarType.Float16, ScalarType.BFloat16 })
            {
                foreach (string optimiser in new[] { "descent", "momentum", "adam", "l-bfgs" })
                {
                    data.Add(dtype, optimiser);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(HalvesAndOptimisers))]
    public void LatentOptimisation_IsThatOf32Bits_ToTheRoundingOfTheNetwork(ScalarType dtype, string optimiser)
    {
        using var scope = NewDisposeScope();
        var options = new LatentOptimisationOptions
        {
            Iterations = 12,
            StartNoiseRate = 0.02,
            ConditionRate = 0.02,
            Optimiser = optimiser switch
            {
                "descent" => LatentOptimiser.GradientDescent(),
                "momentum" => LatentOptimiser.GradientDescent(0.9),
                "adam" => LatentOptimiser.Adam(),
                _ => LatentOptimiser.LimitedMemoryBfgs(),
            },
        };
        OptimisedLatent half = new LatentOptimisation(NewSampler(), Loss, options).Run(Start(dtype), Condition(dtype));
        OptimisedLatent single = new LatentOptimisation(NewSampler(), Loss, options).Run(
            Start(dtype).to(ScalarType.Float32),
            Condition(dtype).to(ScalarType.Float32));
        Assert.Empty(half.Diverged);
        Assert.Equal((dtype, dtype, dtype), (half.StartNoise.dtype, half.Condition!.Values.dtype, half.Sample.dtype));

        // 8 or 11 bits in each of four steps and their gradients; a line search may take another trial for that.
        double tolerance = optimiser == "l-bfgs" ? 0.3 : dtype == ScalarType.Float16 ? 0.01 : 0.05;
        Near.Equal(single.StartNoise, half.StartNoise.to(ScalarType.Float32), tolerance);
        Near.Equal(single.Condition!.Values, half.Condition.Values.to(ScalarType.Float32), tolerance);
        Assert.All(Enumerable.Range(0, 2), i => Assert.True(half.BestLoss[i] < 0.9 * half.Losses[0, i].item<double>()));
    }

    [Fact]
    public void StepsBelowTheResolutionOf16Bits_AddUp()
    {
        // Near 1 the numbers of float16 lie 1e-3 apart; 200 steps of 1e-5 are two of those.
        using var scope = NewDisposeScope();
        var options = new LatentOptimisationOptions
        {
            Iterations = 200,
            StartNoiseRate = 1e-5,
            Optimiser = LatentOptimiser.Adam(),
            Targets = OptimisationTargets.StartNoise,
        };
        Tensor start = ones(1, 3, ScalarType.Float16);
        OptimisedLatent found = new LatentOptimisation(
            new Sampler(Denoiser.FromFunction((x, _, _) => x * 0.5, Prediction.Data), Schedule, Solver.Ddim(), Grid()),
            x => x.sum(1),
            options
        ).Run(start);
        Assert.All(found.StartNoise.to(ScalarType.Float32).data<float>().ToArray(), x => Assert.InRange(x, 0.9975, 0.9996));
    }

    [Theory]
    [MemberData(nameof(Halves))]
    public void Guidance_IsThatOf32Bits_ToTheRoundingOfTheNetwork(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        TimeGrid grid = Grid();
        foreach (GuidanceOptions options in (GuidanceOptions[])[
            new() { StateStrength = 0.1, Normalization = GuidanceNormalization.RmsToNoise },
            new() { StateStrength = 0.1, Lookahead = Lookahead.Euler(2), DataStrength = 0.1, Iterations = 2 },
            new() { DataStrength = 0.1, Smoothing = 0.1, SmoothingDraws = 2, Eta = 1, Recurrences = 2 },
            new() { StateStrength = 0.1, Lookahead = Lookahead.EndToEnd(Solver.Rex(ButcherTableau.Euler)) }])
        {
            var sampler = new GuidedSampler(Net(), Schedule, grid, options);
            Check((x, z) => sampler.Sample(x, z, Loss));
        }

        Check((x, z) => new GreedyDim(Net(), Schedule, grid, new() { InnerSteps = 10, LearningRate = 0.02 }).Sample(x, z, Loss));
        Check((x, z) => new RedDiff(Net(), Schedule, TimeGrid.Uniform(20, 0.9), new() { LearningRate = 0.02 }).Sample(x, z, Loss));

        void Check(Func<Tensor, Tensor, GuidedSample> run)
        {
            GuidedSample half = run(Start(dtype), Condition(dtype)),
                single = run(Start(dtype).to(ScalarType.Float32), Condition(dtype).to(ScalarType.Float32));
            Assert.Empty(half.Diverged);
            Assert.Equal(dtype, half.Sample.dtype);
            Near.Equal(single.Sample, half.Sample.to(ScalarType.Float32), dtype == ScalarType.Float16 ? 0.02 : 0.1);
        }
    }

    [Theory]
    [MemberData(nameof(Halves))]
    public void Controls_AreThoseOf32Bits_AndAddUp(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var options = new ControlOptions { LearningRate = 0.05, Iterations = 8, Decay = 0.995 };
        ControlledSample half = new ControlOptimisation(NewSampler(), options).Optimise(Start(dtype), Condition(dtype), Loss);
        ControlledSample single = new ControlOptimisation(NewSampler(), options).Optimise(
            Start(dtype).to(ScalarType.Float32),
            Condition(dtype).to(ScalarType.Float32),
            Loss);
        Assert.Empty(half.Diverged);
        Assert.Equal((dtype, dtype), (half.Sample.dtype, half.Controls.dtype));
        Near.Equal(single.Controls, half.Controls.to(ScalarType.Float32), dtype == ScalarType.Float16 ? 0.02 : 0.1);
    }

    [Fact]
    public void AnItemThatFloat16CannotSquare_HasDiverged_AndTheOthersGoOn()
    {
        // A network that divides by the norm of its input: beyond 256 the square of an entry is infinite in float16.
        using var scope = NewDisposeScope();
        Denoiser squares = Denoiser.FromFunction((x, _, _) => x / (x.square().sum(1, keepdim: true) + 1), Prediction.Data);
        var sampler = new GuidedSampler(squares, Schedule, Grid(), new() { DataStrength = 1 });
        Tensor start = Start(ScalarType.Float16);
        GuidedSample both = sampler.Sample(start, null, x => (x * tensor(new[] { 400f, 1f }).to(x.dtype).unsqueeze(1)).sum(1));
        Assert.Equal(0, Assert.Single(both.Diverged).Item);
        GuidedSample alone = sampler.Sample(start.narrow(0, 1, 1), null, x => x.sum(1));
        Assert.Equal(
            alone.Sample.to(ScalarType.Float32).data<float>().ToArray(),
            both.Sample.narrow(0, 1, 1).to(ScalarType.Float32).data<float>().ToArray());

        // The bound of 32 bits would have let it pass.
        Assert.Empty(
            sampler.Sample(start.to(ScalarType.Float32), null, x => (x * tensor(new[] { 400f, 1f }).unsqueeze(1)).sum(1)).Diverged);
    }

    [Fact]
    public void LossesOfImages_AreNumbersInFloat16()
    {
        // The squares of 65536 entries near 2, and of embeddings near 100, are beyond 65504.
        using var scope = NewDisposeScope();
        Tensor image = full([2, 1, 256, 256], 2.0, ScalarType.Float16);
        Measurement seen = Measurement.Observe(LinearOperator.Identity(), zeros_like(image));
        Assert.Equal([262144f, 262144f], seen.SquaredNorm(image).data<float>().ToArray());
        Assert.Equal([512f, 512f], seen.Norm(image).data<float>().ToArray());
        Tensor embeddings = full([2, 64], 100.0, ScalarType.Float16);
        Func<Tensor, Tensor> identity = GuidanceLoss.Identity(x => x, embeddings);
        Assert.All(identity(embeddings).data<float>().ToArray(), loss => Assert.InRange(loss, -1e-6, 1e-6));
    }

    private static TimeGrid Grid() => TimeGrid.UniformLogSnr(Schedule, 4, 0.9, 0.05);

    private static Sampler NewSampler() => new(Net(), Schedule, Solver.DpmSolverPlusPlus(2), Grid());

    private static Denoiser Net() => Denoiser.FromFunction((x, t, z) => (0.5 * x) + (0.3 * (x + z!).tanh()), Prediction.Data);

    private static Tensor Start(ScalarType dtype) => StartNoise.Draw([2, 3], 5).to(dtype);

    private static Tensor Condition(ScalarType dtype) => StartNoise.Draw([2, 3], 6).to(dtype);

    private static Tensor Loss(Tensor x) => (x - 0.3).square().sum(1);
}
