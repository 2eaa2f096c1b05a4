using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Steps over which the velocity hardly changes share a product.</summary>
public sealed class StraightStepTests
{
    private readonly GuidanceProblem problem = new();

    public static TheoryData<string> Every => Solvers.Every;

    [Fact]
    public void StraightSteps_ShareAProduct_AsPublished()
    {
        // FlowGrad's sweep on a rectified flow, in its own notation, one item at a time, from the first steps of the stretches.
        using var scope = NewDisposeScope();
        const double Threshold = 0.1;
        (Sampler sampler, Func<Tensor, double, Tensor, Tensor> velocity) = Flow(24);
        Tensor controls = 0.02 * StartNoise.Draw([24, 3, 2], 21, ScalarType.Float64);
        ControlGradient gradient = new ControlOptimisation(sampler, new ControlOptions { StraightnessThreshold = Threshold })
            .Gradient(GuidanceProblem.Start, problem.Condition, controls, problem.Loss);
        var firsts = new HashSet<int>();
        for (int item = 0; item < 3; item++)
        {
            Tensor z = problem.Condition[item].unsqueeze(0);
            double[] times = [.. sampler.Grid.Times];
            Tensor x = GuidanceProblem.Start[item].unsqueeze(0);
            List<Tensor> states = [];
            List<Tensor> velocities = [];
            for (int i = 0; i < 24; i++)
            {
                states.Add(x + controls[i, item]);
                velocities.Add(velocity(states[i], times[i], z).detach());
                x = states[i] + ((times[i + 1] - times[i]) * velocities[i]);
            }

            int[] begin = [.. Begin(velocities, Threshold)];
            firsts.UnionWith(begin);
            Assert.InRange(begin.Length, 3, 18);
            Tensor lambda = GuidanceProblem.Gradient(problem.Loss, x);
            for (int i = 23; i >= 0; i--)
            {
                if (Array.IndexOf(begin, i) is var at and >= 0)
                {
                    double length = (at + 1 < begin.Length ? times[begin[at + 1]] : times[24]) - times[i];
                    Tensor cotangent = lambda;
                    lambda = lambda + (length * GuidanceProblem.Gradient(y => (cotangent * velocity(y, times[i], z)).sum(1), states[i]));
                }

                // 64 bits over 24 steps; the products are those of one item here, of the batch there.
                Near.Equal(lambda[0], gradient.Controls[i, item], 1e-12);
            }
        }

        // What is taken once for an item is taken of the batch.
        Assert.Equal(firsts.Count, gradient.Cost.VectorJacobianProducts);
        Assert.Equal(24, gradient.Cost.NetworkEvaluations);
    }

    [Theory]
    [MemberData(nameof(Every))]
    public void NoStraightStep_IsTheExactGradient(string name)
    {
        using var scope = NewDisposeScope();
        TimeGrid grid = TimeGrid.UniformLogSnr(problem.Schedule, 8, 1, 1e-2);
        var sampler = new Sampler(problem.Denoiser(), problem.Schedule, Solvers.Named(name), grid);
        Tensor controls = 0.05 * StartNoise.Draw([8, 3, 2], 21, ScalarType.Float64);
        foreach (Checkpointing? checkpointing in (Checkpointing?[])[null, Checkpointing.Revolve(3)])
        {
            ControlGradient At(double threshold) =>
                new ControlOptimisation(sampler, new ControlOptions { StraightnessThreshold = threshold }, checkpointing).Gradient(
                    GuidanceProblem.Start,
                    problem.Condition,
                    controls,
                    problem.Loss,
                    BrownianPath.PerStep(7));
            ControlGradient exact = At(0);
            ControlGradient bent = At(1e-300);

            // The velocity is another combination of the same numbers, and where sigma/alpha is 150 at the start their rounding grows;
            // 7e-11 is the most that is seen, of a stochastic solver of second order.
            Near.Equal(exact.Controls, bent.Controls, 1e-9);
            Assert.Equal(exact.Cost, bent.Cost);

            // A stretch too long is another gradient, and cheaper: what is tested above could fail.
            ControlGradient merged = At(10);
            Assert.True(merged.Cost.VectorJacobianProducts < exact.Cost.VectorJacobianProducts);
            Assert.True(Near.Relative(exact.Controls, merged.Controls) > 1e-3);
        }
    }

    [Fact]
    public void StraightSteps_CostLessTheMoreTheyMayBend_AndErrMore()
    {
        using var scope = NewDisposeScope();
        (Sampler sampler, _) = Flow(100);
        Tensor none = zeros(100, 1, 2, ScalarType.Float64);
        ControlGradient At(double threshold) =>
            new ControlOptimisation(sampler, ControlOptions.FlowGrad with { StraightnessThreshold = threshold }).Gradient(
                GuidanceProblem.Start.narrow(0, 0, 1),
                problem.Condition.narrow(0, 0, 1),
                none,
                problem.Loss);
        ControlGradient[] all =
        [
            .. (
                (double[])[0, ControlOptions.OcFlow.StraightnessThreshold, ControlOptions.FlowGrad.StraightnessThreshold, 0.05, 0.5]
            ).Select(At),
        ];
        Assert.Equal(100, all[0].Cost.VectorJacobianProducts);
        Assert.All(
            all.Zip(all.Skip(1)),
            pair => Assert.True(pair.Second.Cost.VectorJacobianProducts < pair.First.Cost.VectorJacobianProducts));
        Assert.All(all, g => Assert.Equal(100, g.Cost.NetworkEvaluations));

        // Within 1e-3 about half of the products are left, and 6 % of the gradient is wrong; within 0.5 three products and half of it.
        double[] errors = [.. all.Select(g => Near.Relative(all[0].Controls, g.Controls))];
        Assert.InRange(all[1].Cost.VectorJacobianProducts, 30, 70);
        Assert.InRange(errors[1], 1e-6, 0.1);
        Assert.InRange(errors[4], 2 * errors[1], 1);
    }

    [Fact]
    public void StraightTrajectory_TakesOneProduct()
    {
        // A prediction that is the same all along; there merging is exact for the start.
        using var scope = NewDisposeScope();
        NoiseSchedule flow = NoiseSchedule.RectifiedFlow();
        var constant = new Sampler(
            Denoiser.FromFunction((x, _, z) => (0 * x) + z!, Prediction.Flow),
            flow,
            Solver.Euler(),
            TimeGrid.Uniform(10, 1, 0));
        ControlGradient gradient = new ControlOptimisation(constant, ControlOptions.FlowGrad)
            .Gradient(GuidanceProblem.Start, problem.Condition, zeros(10, 3, 2, ScalarType.Float64), problem.Loss);
        Assert.Equal(1, gradient.Cost.VectorJacobianProducts);
        Near.Equal(GuidanceProblem.Gradient(problem.Loss, gradient.Sample).expand(10, 3, 2), gradient.Controls, 1e-12);
    }

    // A rectified flow whose velocity is that of the mixture.
    private (Sampler Sampler, Func<Tensor, double, Tensor, Tensor> Velocity) Flow(int steps)
    {
        NoiseSchedule schedule = NoiseSchedule.RectifiedFlow();
        Denoiser denoiser = (Mixture.Load() with { Schedule = schedule }).Denoiser(Prediction.Flow);
        return (new Sampler(denoiser, schedule, Solver.Euler(), TimeGrid.Uniform(steps, 0.98, 0)), (x, t, z) => denoiser.Call(x, t, z));
    }

    // The first steps of straight stretches, by the published measure.
    private static IEnumerable<int> Begin(List<Tensor> velocities, double threshold)
    {
        double sum = 0;
        for (int i = 0; i < velocities.Count; i++)
        {
            double square = velocities[i].square().sum().item<double>();
            double bend = Neighbours(i).Max(j => (velocities[j] - velocities[i]).square().sum().item<double>()) / square;
            sum += bend;
            if (i == 0 || sum > threshold)
            {
                yield return i;
                sum = bend;
            }
        }

        IEnumerable<int> Neighbours(int i) => new[] { i - 1, i + 1 }.Where(j => j >= 0 && j < velocities.Count);
    }
}
