using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class BrownianPathTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear();

    [Fact]
    public void PerStep_StepsAndItemsAreUnrelated_AndRepeat()
    {
        using var scope = NewDisposeScope();
        BrownianPath path = BrownianPath.PerStep(3);
        Tensor like = zeros(2, 4, dtype: ScalarType.Float64);
        Tensor third = path.Normal(3, default, like);
        Assert.NotEqual(third, path.Normal(4, default, like));
        Assert.NotEqual(third[0], third[1]);
        Assert.Equal(third, path.Normal(3, default, like));
        Assert.Equal(third[0], BrownianPath.PerStep(3).Normal(3, default, like.narrow(0, 0, 1))[0]);
    }

    [Fact]
    public void PerStep_WithSeeds_FollowsTheSeedNotThePlace()
    {
        using var scope = NewDisposeScope();
        Tensor like = zeros(2, 4, dtype: ScalarType.Float64);
        Tensor forth = BrownianPath.PerStep(NoiseSeeds.OfItems(7, 8)).Normal(0, default, like);
        Tensor back = BrownianPath.PerStep(NoiseSeeds.OfItems(8, 7)).Normal(0, default, like);
        Assert.Equal(forth[0], back[1]);
        Assert.Equal(forth[1], back[0]);
        Assert.Contains(
            "2 seeds",
            Assert
                .Throws<InputException>(() =>
                {
                    BrownianPath.PerStep(NoiseSeeds.OfItems(7, 8)).Check([], zeros(3, 4));
                })
                .Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Recorded_OfAnotherShape_IsRefused()
    {
        using var scope = NewDisposeScope();
        var sampler = new Sampler(
            Denoiser.FromFunction((x, _, _) => x, Prediction.Noise),
            Schedule,
            Solver.SdeDpmSolver(1),
            TimeGrid.Uniform(5));
        Tensor start = zeros(2, 3);
        Refuses(zeros(4, 2, 3), "[4, 2, 3]", "[5, 2, 3]", "5 vectors");
        Refuses(zeros(5, 2, 3, dtype: ScalarType.Float64), "Float64", "Float32");
        Refuses(zeros(5, 3, 3), "[5, 3, 3]");
        Refuses(zeros(5, 2), "[5, 2]");
        Refuses(zeros(Array.Empty<long>()), "shape []");
        Refuses(full([5, 2, 3], double.NaN, ScalarType.Float32), "NaN");
        sampler.Sample(start, null, BrownianPath.Recorded(zeros(5, 2, 3)));

        // To encode a sample takes more vectors than steps: a record has none to give.
        string message = Assert
            .Throws<InputException>(() =>
            {
                sampler.Invert(start, null, BrownianPath.Recorded(zeros(5, 2, 3)));
            })
            .Message;
        Assert.Contains("recorded noise for noise", message, StringComparison.Ordinal);
        Assert.Contains("PerStep", message, StringComparison.Ordinal);
        using var found = (EncodedNoise)sampler.Invert(start, null, BrownianPath.PerStep(1));
        Assert.Equal([5, 2, 3], found.Vectors.shape);

        void Refuses(Tensor noise, params string[] texts)
        {
            string message = Assert
                .ThrowsAny<ArgumentException>(() =>
                {
                    sampler.Sample(start, null, BrownianPath.Recorded(noise));
                })
                .Message;
            Assert.All(texts, text => Assert.Contains(text, message, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void EncodeNoise_GivesTheSampleBack()
    {
        foreach (
            Solver solver in new[]
            {
                Solver.SdeDpmSolver(1),
                Solver.SdeDpmSolver(2),
                Solver.SdeDpmSolverPlusPlus(1),
                Solver.SdeDpmSolverPlusPlus(2),
                Solver.Ddpm(),
            })
        {
            using var scope = NewDisposeScope();
            using var net = new SmallNet();
            var sampler = new Sampler(
                Denoiser.FromModule(net, Prediction.Noise),
                Schedule,
                solver,
                TimeGrid.UniformLogSnr(Schedule, 12, 1, 0.01));
            Tensor sample = SmallNet.Start();
            EncodedNoise encoded = sampler.EncodeNoise(sample, SmallNet.Condition(), seed: 4);
            Assert.Equal([12, 2, 3], encoded.Vectors.shape);
            Near.Equal(sample, sampler.Sample(encoded.Start, SmallNet.Condition(), encoded.Path), 1e-11);

            // Another condition, the same noise: another picture.
            Assert.True(Near.Relative(sample, sampler.Sample(encoded.Start, -SmallNet.Condition(), encoded.Path)) > 1e-3);
        }
    }

    [Fact]
    public void EncodeNoise_UnderAPerfectModel_IsStandardNormal()
    {
        // Data N(0, s0^2): the noise prediction sigma x/(alpha^2 s0^2 + sigma^2) is exact.
        const double Deviation = 0.5;
        using var scope = NewDisposeScope();
        var perfect = Denoiser.FromFunction(
            (x, t, _) =>
            {
                double time = t[0].item<double>();
                (double alpha, double sigma) = (Schedule.Alpha(time), Schedule.Sigma(time));
                return x * (sigma / (Math.Pow(alpha * Deviation, 2) + (sigma * sigma)));
            },
            Prediction.Noise);
        const int Steps = 400;
        const int Count = 4000;
        var sampler = new Sampler(perfect, Schedule, Solver.SdeDpmSolverPlusPlus(1), TimeGrid.UniformLogSnr(Schedule, Steps, 1, 0.01));
        double spread = Math.Sqrt(Math.Pow(Schedule.Alpha(0.01) * Deviation, 2) + Math.Pow(Schedule.Sigma(0.01), 2));
        Tensor samples = StartNoise.Draw([1, Count], 8, ScalarType.Float64) * spread;

        EncodedNoise encoded = sampler.EncodeNoise(samples, null, seed: 2);

        // Five standard errors, and the O(h) bias of the step (h = 0.024).
        Tensor variances = encoded.Vectors.square().mean([1, 2]);
        Assert.True((variances - 1).abs().max().item<double>() < (5 * Math.Sqrt(2.0 / Count)) + 0.05);
        Assert.Equal(1, encoded.Vectors.square().mean().item<double>(), 0.02);
        Assert.Equal(0, (encoded.Vectors.narrow(0, 0, Steps - 1) * encoded.Vectors.narrow(0, 1, Steps - 1)).mean().item<double>(), 0.01);

        // Negative control: states drawn from their marginals alone would give a variance of about 1/h.
        Assert.True(MarginalVariance(sampler, samples) > 10);
    }

    [Fact]
    public void EncodeNoise_RefusesWhatAddsNoNoise()
    {
        using var scope = NewDisposeScope();
        var denoiser = Denoiser.FromFunction((x, _, _) => x * 0.1, Prediction.Noise);
        Tensor sample = zeros(1, 2);
        Assert.Throws<InvalidOperationException>(() =>
        {
            new Sampler(denoiser, Schedule, Solver.Ddim(), TimeGrid.Uniform(5)).EncodeNoise(sample, null, 1);
        });
        string message = Assert
            .Throws<InvalidOperationException>(() =>
            {
                new Sampler(denoiser, Schedule, Solver.Ddpm(), TimeGrid.Uniform(5, 1, 0)).EncodeNoise(sample, null, 1);
            })
            .Message;
        Assert.Contains("above time 0", message, StringComparison.Ordinal);
    }

    private static double MarginalVariance(Sampler sampler, Tensor samples)
    {
        TableRow row = sampler.Table.Rows[201];
        (double t, double s) = (row.Time, sampler.Table.Rows[200].Time);
        Tensor x = (samples * Schedule.Alpha(s)) + (StartNoise.Draw(samples.shape, 31, ScalarType.Float64) * Schedule.Sigma(s));
        Tensor next = (samples * Schedule.Alpha(t)) + (StartNoise.Draw(samples.shape, 32, ScalarType.Float64) * Schedule.Sigma(t));
        Tensor vector = (next - (x * row.States[0].Weight) - (samples * row.Outputs[0].Weight)) / row.Inputs[0].Weight;
        return vector.square().mean().item<double>();
    }
}
