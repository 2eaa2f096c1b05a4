using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Each preset against its published update, written out in the notation of its paper or code.</summary>
public sealed class GuidancePresetTests
{
    private const double Tolerance = 1e-10;

    private readonly GuidanceProblem problem = new();

    public static TheoryData<string> Names => [.. GuidancePreset.Names];

    [Fact]
    public void Dps_IsThePublishedUpdate()
    {
        using var scope = NewDisposeScope();
        GuidanceNoise noise = problem.Noise();
        Tensor expected = problem.Run((x, i, t, s) =>
        {
            Tensor gradient = GuidanceProblem.Gradient(y => problem.Norm(problem.Mean(y, t)), x);
            return problem.Ddpm(x, problem.Mean(x, t), noise.OfStep(i, 0, x), t, s) - (0.3 * gradient);
        });
        GuidedSample guided = problem.Guide(GuidancePreset.Dps(), problem.Norm);
        Near.Equal(expected, guided.Sample, Tolerance);
        Assert.Equal((12, 12), (guided.Cost.NetworkEvaluations, guided.Cost.VectorJacobianProducts));
    }

    [Fact]
    public void Dps_ByTheResidual_IsTfgsForm()
    {
        using var scope = NewDisposeScope();
        GuidanceNoise noise = problem.Noise();
        Tensor Squared(Tensor x) => problem.Norm(x).square();
        Tensor expected = problem.Run((x, i, t, s) =>
        {
            Tensor gradient = GuidanceProblem.Gradient(y => Squared(problem.Mean(y, t)), x);
            return problem.Ddpm(x, problem.Mean(x, t), noise.OfStep(i, 0, x), t, s)
                - (0.3 * gradient / Squared(problem.Mean(x, t)).abs().unsqueeze(1));
        });
        Near.Equal(
            expected,
            problem.Guide(GuidancePreset.Dps() with { Normalization = GuidanceNormalization.Loss }, Squared).Sample,
            Tolerance);
    }

    [Fact]
    public void FreeDom_IsThePublishedUpdate()
    {
        using var scope = NewDisposeScope();
        GuidanceNoise noise = problem.Noise();
        Tensor expected = problem.Run((x, i, t, s) =>
        {
            int repeats = t is >= 0.5 and <= 0.8 ? 10 : 1;
            for (int k = 0; ; k++)
            {
                Tensor gradient = GuidanceProblem.Gradient(y => problem.Norm(problem.Mean(y, t)), x);
                Tensor next = problem.Ddim(problem.Mean(x, t), problem.Eps(x, t), noise.OfStep(i, k, x), 0.5, t, s)
                    - ((t >= 0.2 ? 0.2 : 0) * Math.Sqrt(problem.Bar(t)) * gradient);
                if (k == repeats - 1)
                {
                    return next;
                }

                x = problem.Renoise(next, noise.OfReturn(i, k, x), t, s);
            }
        });
        Near.Equal(expected, problem.Guide(GuidancePreset.FreeDom(), problem.Norm).Sample, Tolerance);
    }

    [Fact]
    public void FreeDom_ForText_IsThePublishedUpdate()
    {
        // The code's variant for text guidance: rho = 0.02 c1 rms(eps) sigma/alpha over rms(grad), DDPM.
        using var scope = NewDisposeScope();
        GuidanceNoise noise = problem.Noise();
        Tensor Rms(Tensor x) => x.square().mean([1L], keepdim: true).sqrt();
        Tensor expected = problem.Run((x, i, t, s) =>
        {
            (double bar, double next) = (problem.Bar(t), problem.Bar(s));
            double c1 = Math.Sqrt(next) * (1 - (bar / next)) / (1 - bar);
            Tensor gradient = GuidanceProblem.Gradient(y => problem.Loss(problem.Mean(y, t)), x);
            Tensor rho = 0.02 * c1 * Math.Sqrt((1 - bar) / bar) * Rms(problem.Eps(x, t)) / Rms(gradient);
            return problem.Ddpm(x, problem.Mean(x, t), noise.OfStep(i, 0, x), t, s) - (rho * gradient);
        });
        GuidanceStrength strength = GuidanceStrength.FromFunction(step =>
            0.02 * step.NextAlpha * (1 - step.Transition) / (step.Sigma * step.Sigma) * step.Sigma / step.Alpha);
        var options = new GuidanceOptions { StateStrength = strength, Normalization = GuidanceNormalization.RmsToNoise, Eta = 1 };
        Near.Equal(expected, problem.Guide(options).Sample, Tolerance);
    }

    [Fact]
    public void LgdMc_IsThePublishedUpdate()
    {
        using var scope = NewDisposeScope();
        GuidanceNoise noise = problem.Noise();
        Tensor expected = problem.Run((x, i, t, s) =>
        {
            Tensor[] draws = [.. Enumerable.Range(0, 4).Select(_ => noise.OfSmoothing(x))];
            Tensor gradient = GuidanceProblem.Gradient(
                    y =>
                        draws
                            .Select(n => (-problem.Loss(problem.Mean(y, t) + (Math.Sqrt(1 - problem.Bar(t)) * n))).exp())
                            .Aggregate((a, b) => a + b)
                            .div(4)
                            .log(),
                    x);
            return problem.Ddpm(x, problem.Mean(x, t), noise.OfStep(i, 0, x), t, s) + (0.2 * gradient);
        });
        GuidedSample guided = problem.Guide(GuidancePreset.LgdMc(0.2));
        Near.Equal(expected, guided.Sample, Tolerance);
        Assert.Equal((12 * 4) + 1, guided.LossEvaluations);
    }

    [Fact]
    public void Mpgd_IsThePublishedUpdate()
    {
        using var scope = NewDisposeScope();
        GuidanceNoise noise = problem.Noise();

        // In a window of time, because 1/alpha is 150 at the start.
        Tensor expected = problem.Run((x, i, t, s) =>
        {
            Tensor data = problem.Mean(x, t).detach();
            data -= (t <= 0.7 ? 0.3 : 0) / Math.Sqrt(problem.Bar(t)) * GuidanceProblem.Gradient(problem.Norm, data);
            return problem.Ddim(data, problem.Eps(x, t), noise.OfStep(i, 0, x), 0.5, t, s);
        });
        GuidanceOptions options = GuidancePreset.Mpgd(0.3);
        GuidedSample guided = problem.Guide(options with { DataStrength = options.DataStrength.Between(0.7, 0) }, problem.Norm);
        Near.Equal(expected, guided.Sample, Tolerance);
        Assert.Equal((12, 0), (guided.Cost.NetworkEvaluations, guided.Cost.VectorJacobianProducts));
    }

    [Fact]
    public void Universal_IsThePublishedUpdate()
    {
        using var scope = NewDisposeScope();
        GuidanceNoise noise = problem.Noise();
        Tensor expected = problem.Run((x, i, t, s) =>
        {
            (double signal, double deviation) = (Math.Sqrt(problem.Bar(t)), Math.Sqrt(1 - problem.Bar(t)));
            for (int k = 0; ; k++)
            {
                Tensor data = problem.Mean(x, t).detach();
                Tensor eps = problem.Eps(x, t) + (0.05 * deviation * GuidanceProblem.Gradient(y => problem.Loss(problem.Mean(y, t)), x));
                Tensor change = zeros_like(data);
                for (int m = 0; m < 3; m++)
                {
                    change -= 0.1 * GuidanceProblem.Gradient(problem.Loss, data + change);
                }

                eps -= signal / deviation * change;
                Tensor next = problem.Ddim((x - (deviation * eps)) / signal, eps, zeros_like(x), 0, t, s);
                if (k == 4)
                {
                    return next;
                }

                x = problem.Renoise(next, noise.OfReturn(i, k, x), t, s);
            }
        });
        GuidedSample guided = problem.Guide(GuidancePreset.Universal(0.05, iterations: 3));
        Near.Equal(expected, guided.Sample, Tolerance);
        Assert.Equal((60, 60), (guided.Cost.NetworkEvaluations, guided.Cost.VectorJacobianProducts));
    }

    [Fact]
    public void Tfg_IsThePublishedUpdate()
    {
        using var scope = NewDisposeScope();
        GuidanceNoise noise = problem.Noise();
        double[] ratios = [.. problem.Grid.Times.Zip(problem.Grid.Times.Skip(1), (t, s) => problem.Bar(t) / problem.Bar(s))];
        Tensor expected = problem.Run((x, i, t, s) =>
        {
            double rho = 0.2 * ratios[i] * 12 / ratios.Sum();
            double mu = 0.1 * ratios[i] * 12 / ratios.Sum();
            Tensor LogF(Tensor data, Tensor[] draws) =>
                draws.Select(n => (-problem.Loss(data + (0.3 * Math.Sqrt(1 - problem.Bar(t)) * n))).exp()).Aggregate((a, b) => a + b).div(2).log();
            Tensor[] Draws() => [noise.OfSmoothing(x), noise.OfSmoothing(x)];
            for (int k = 0; ; k++)
            {
                Tensor data = problem.Mean(x, t).detach();

                // One set of draws serves both gradients at the prediction itself.
                Tensor[] draws = Draws();
                Tensor state = rho * GuidanceProblem.Gradient(y => LogF(problem.Mean(y, t), draws), x);
                Tensor change = mu * GuidanceProblem.Gradient(y => LogF(y, draws), data);
                for (int m = 1; m < 3; m++)
                {
                    draws = Draws();
                    change += mu * GuidanceProblem.Gradient(y => LogF(y, draws), data + change);
                }

                Tensor next = problem.Ddim(data, problem.Eps(x, t), noise.OfStep(i, k, x), 1, t, s) + (state / Math.Sqrt(ratios[i])) + (Math.Sqrt(problem.Bar(s)) * change);
                if (k == 1)
                {
                    return next;
                }

                x = problem.Renoise(next, noise.OfReturn(i, k, x), t, s);
            }
        });
        Near.Equal(expected, problem.Guide(GuidancePreset.Tfg(0.2, 0.1, 0.3, draws: 2, iterations: 3, repeats: 2)).Sample, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Batch_IsItsItems(string name)
    {
        using var scope = NewDisposeScope();
        var sampler = new GuidedSampler(problem.Denoiser(), problem.Schedule, problem.Grid, GuidancePreset.Parse(name));

        // Weak, so that the defaults, made for other losses, diverge nowhere.
        Tensor Loss(Tensor x) => 1e-3 * problem.Norm(x);
        GuidedSample together = sampler.Sample(GuidanceProblem.Start, problem.Condition, Loss, GuidanceProblem.Seeds);
        Assert.Empty(together.Diverged);
        for (int i = 0; i < 3; i++)
        {
            GuidedSample alone = sampler.Sample(
                GuidanceProblem.Start.slice(0, i, i + 1, 1),
                problem.Condition.slice(0, i, i + 1, 1),
                Loss,
                NoiseSeeds.OfItems(GuidanceProblem.Seeds[i]));
            Near.Equal(together.Sample.slice(0, i, i + 1, 1), alone.Sample, Tolerance);
            Near.Equal(together.Loss.slice(0, i, i + 1, 1), alone.Loss, Tolerance);
        }
    }

    [Fact]
    public void Parse_ListsTheKnown()
    {
        string message = Assert.Throws<ArgumentException>(() => GuidancePreset.Parse("dsp")).Message;
        Assert.Contains("'dsp'", message, StringComparison.Ordinal);
        Assert.Contains("unguided, dps, freedom, lgd-mc, mpgd, flowchef, universal, tfg", message, StringComparison.Ordinal);
        Assert.Equal(0.5, GuidancePreset.Parse("FreeDoM").Eta);
    }

    [Fact]
    public void Defaults_AreThePublishedOnes()
    {
        IReadOnlyList<GuidanceStep> steps = GuidanceStep.Of(problem.Schedule, problem.Grid);
        GuidanceOptions tfg = GuidancePreset.Tfg();
        Assert.Equal((4, 1, 1, 1.0), (tfg.SmoothingDraws, tfg.Iterations, tfg.Recurrences.Count, tfg.Eta));
        Assert.Equal(1, tfg.DataStrength.Over(steps, "").Average(), 1e-12);
        Assert.Equal(0.01 * steps[3].Sigma, tfg.Smoothing.Over(steps, "")[3], 1e-15);
        Assert.Equal(new Recurrence(10, 0.8, 0.5), GuidancePreset.FreeDom().Recurrences);
        Assert.Equal(7.5 / steps[3].Alpha, GuidancePreset.Mpgd().DataStrength.Over(steps, "")[3], 1e-12);
        Assert.Equal(
            (100, 5, true, 0.0),
            (
                GuidancePreset.Universal().StateStrength.Over(steps, "")[0],
                GuidancePreset.Universal().Recurrences.Count,
                GuidancePreset.Universal().ThroughNoise,
                GuidancePreset.Universal().Eta));
    }
}
