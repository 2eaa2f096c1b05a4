using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>States and times are carried in at least 32 bits; only the network's inputs have 16.</summary>
public sealed class SixteenBitTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    public static TheoryData<ScalarType> Types => [ScalarType.Float16, ScalarType.BFloat16];

    [Theory]
    [MemberData(nameof(Types))]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void TrainingSteps_AreIntegers(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        foreach (int n in new[] { 100, 1000 })
        {
            List<double> told = [];
            List<ScalarType> inputs = [];
            var denoiser = Denoiser.FromFunction(
                (x, t, _) =>
                {
                    told.Add(t[0].to(ScalarType.Float64).item<double>());
                    inputs.Add(x.dtype);
                    return x * 0.5;
                },
                Prediction.Noise,
                trainingTimesteps: n);
            double[] times = [.. Enumerable.Range(0, n).Select(k => (double)(n - k) / n)];
            new Sampler(denoiser, Schedule, Solver.Ddim(), TimeGrid.FromTimes(times)).Sample(SmallNet.Start(1, dtype));
            Assert.Equal(Enumerable.Range(0, n - 1).Select(k => (double)(n - 1 - k)), told);
            Assert.All(inputs, input => Assert.Equal(dtype, input));
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void FractionsOfTrainingSteps_AreTold(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        List<double> told = [];
        var denoiser = Denoiser.FromFunction(
            (x, t, _) =>
            {
                told.Add(t[0].to(ScalarType.Float64).item<double>());
                return x * 0.5;
            },
            Prediction.Noise,
            trainingTimesteps: 1000);
        new Sampler(denoiser, Schedule, Solver.Ddim(), TimeGrid.FromTimes([1, 0.8, 0.6005, 0.1])).Sample(SmallNet.Start(1, dtype));

        // The nearest in 32 bits.
        Assert.Equal([999, 799, 599.5], told.Select(t => Math.Round(t, 3)));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void ManySmallSteps_AddUp(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var denoiser = Denoiser.FromFunction((x, _, _) => full_like(x, -0.9), Prediction.Flow);
        var sampler = new Sampler(denoiser, NoiseSchedule.RectifiedFlow(), Solver.Euler(), TimeGrid.Uniform(500));
        Tensor sample = sampler.Sample(ones([1, 3], dtype: dtype));
        Assert.Equal(dtype, sample.dtype);

        // One rounding, at the end, of eight bits.
        Assert.Equal(1.9, sample[0, 0].to(ScalarType.Float64).item<double>(), 5e-3);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void InDtype_RunsTheNetworkInIt_UnderStatesOf32Bits(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var half = new HalfNet(dtype);
        using var single = new HalfNet(ScalarType.Float32);
        using (no_grad())
        {
            single.Weight.copy_(half.Weight);
        }

        Sampler inside = NewSampler(Denoiser.FromModule(half, Prediction.Noise).InDtype(dtype));
        Sampler whole = NewSampler(Denoiser.FromModule(single, Prediction.Noise));
        Tensor start = StartNoise.Draw([4, 3], 1), z = StartNoise.Draw([4, 3], 2);
        foreach (
            GradientMethod method in new[]
            {
                GradientMethod.Discrete(),
                GradientMethod.Discrete(Checkpointing.Revolve(2)),
                GradientMethod.Unrolled(),
            })
        {
            SampleGradient expected = whole.Gradient(start, z, Loss, method);
            SampleGradient actual = inside.Gradient(start, z, Loss, method);
            Assert.Equal(
                [ScalarType.Float32, ScalarType.Float32, ScalarType.Float32],
                [actual.Sample.dtype, actual.StartNoise.dtype, actual.Condition!.dtype]);
            Assert.Equal(dtype, actual.Parameters[0].dtype);

            // Five evaluations, each rounded to 11 or 8 bits.
            Near.Equal(expected.StartNoise, actual.StartNoise, 0.02);
            Near.Equal(expected.Condition!, actual.Condition!, 0.02);
            Near.Equal(expected.Parameters[0], actual.Parameters[0].to(ScalarType.Float32), 0.02);
        }

        // The network is no real one, and its samples are large: without the factor float16 could not hold the gradient of the weights.
        static Tensor Loss(Tensor x) => x.square().sum(1) * 1e-4;
        Assert.Throws<InputException>(() => Denoiser.FromModule(half, Prediction.Noise).InDtype(ScalarType.Int64));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void InDtype_IsThatOfTheUnconditional_WithAndWithoutAConditionBesideIt(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        List<ScalarType> seen = [];
        Denoiser denoiser = Denoiser.FromFunction(
            (x, _, z) =>
            {
                seen.Add(z?.dtype ?? x.dtype);
                return z is null ? x * 0.5 : (x * 0.5) + z;
            },
            Prediction.Noise).WithClassifierFreeGuidance(ones(1, 3), 2).InDtype(dtype);
        NewSampler(denoiser).Sample(StartNoise.Draw([2, 3], 1));
        NewSampler(denoiser).Sample(StartNoise.Draw([2, 3], 1), StartNoise.Draw([2, 3], 2));
        Assert.All(seen, type => Assert.Equal(dtype, type));
    }

    // Float16 has no number between 0 and 6e-8; every method, and each item by itself.
    [Theory]
    [InlineData("discrete", false)]
    [InlineData("discrete", true)]
    [InlineData("unrolled", false)]
    [InlineData("unrolled", true)]
    [InlineData("reversible", false)]
    [InlineData("adjoint", false)]
    public void GradientsOfABillionth_DoNotBecomeZero(string method, bool trains)
    {
        using var scope = NewDisposeScope();
        using var net = new HalfNet(ScalarType.Float16);
        Denoiser denoiser = Denoiser
            .FromFunction((x, t, z) => net.call(x, t, z!), Prediction.Noise, parameters: trains ? net.parameters() : [])
            .InDtype(ScalarType.Float16);
        Sampler sampler = NewSampler(denoiser, method == "reversible" ? Solver.Rex(ButcherTableau.Euler) : Solver.DpmSolverPlusPlus(2));
        GradientMethod how = method switch
        {
            "unrolled" => GradientMethod.Unrolled(),
            "reversible" => GradientMethod.Reversible(),
            "adjoint" => GradientMethod.AdjointDeis(),
            _ => GradientMethod.Discrete(),
        };
        Tensor start = StartNoise.Draw([2, 3], 1), z = StartNoise.Draw([2, 3], 2);

        // Powers of two, which only underflow could tell from 1.
        Tensor scales = trains ? tensor(new[] { MathF.ScaleB(1, -30), MathF.ScaleB(1, -30) }) : tensor(new[] { MathF.ScaleB(1, -30), 1f });
        SampleGradient expected = sampler.Gradient(start, z, x => x.square().sum(1), how);
        SampleGradient actual = sampler.Gradient(start, z, x => x.square().sum(1) * scales, how);
        Assert.Equal(expected.StartNoise * scales.unsqueeze(1), actual.StartNoise);
        Assert.Equal(expected.Condition! * scales.unsqueeze(1), actual.Condition!);
        Assert.True(actual.StartNoise.abs().min().item<float>() > 0);
    }

    [Fact]
    public void ItemsOfFloat16_DoNotDependOnTheirBatch()
    {
        using var scope = NewDisposeScope();
        using var net = new HalfNet(ScalarType.Float16);
        Sampler sampler = NewSampler(
            Denoiser.FromFunction((x, t, z) => x.mul(0.3).add(z!).tanh(), Prediction.Noise).InDtype(ScalarType.Float16));
        Tensor start = StartNoise.Draw([2, 3], 1), z = StartNoise.Draw([2, 3], 2), scales = tensor(new[] { 1e-9f, 1e3f });
        SampleGradient both = sampler.Gradient(start, z, x => x.square().sum(1) * scales);
        SampleGradient first = sampler.Gradient(start[..1], z[..1], x => x.square().sum(1) * scales[..1]);
        Assert.Equal(first.StartNoise, both.StartNoise[..1]);
    }

    [Fact]
    public void MixedDtypes_OfConditionAndWeights_KeepTheirs()
    {
        using var scope = NewDisposeScope();
        using var net = new HalfNet(ScalarType.Float32);
        var denoiser = Denoiser.FromFunction(
            (x, t, z) => net.call(x, t, z!.to(ScalarType.Float32)),
            Prediction.Noise,
            parameters: net.parameters());
        SampleGradient gradient = NewSampler(denoiser)
            .Gradient(StartNoise.Draw([2, 3], 1), StartNoise.Draw([2, 3], 2, ScalarType.BFloat16), x => x.square().sum(1));
        Assert.Equal(ScalarType.BFloat16, gradient.Condition!.dtype);
        Assert.Equal(ScalarType.Float32, gradient.Parameters[0].dtype);
    }

    private static Sampler NewSampler(Denoiser denoiser, Solver? solver = null) =>
        new(denoiser, Schedule, solver ?? Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(Schedule, 5, 1, 0.05));

    private sealed class HalfNet : nn.Module<Tensor, Tensor, Tensor, Tensor>
    {
        internal HalfNet(ScalarType dtype)
            : base(nameof(HalfNet))
        {
            using Tensor values = StartNoise.Draw([3, 3], 11).mul(0.5);
            Weight = new TorchSharp.Modules.Parameter(values.to(dtype));
            RegisterComponents();
        }

        internal TorchSharp.Modules.Parameter Weight { get; }

        public override Tensor forward(Tensor x, Tensor t, Tensor z)
        {
            Assert.Equal(Weight.dtype, x.dtype);
            Assert.Equal(Weight.dtype, z.dtype);
            return (x.mm(Weight) + (0.5 * z) + t.unsqueeze(1).to(x.dtype)).tanh();
        }
    }
}
