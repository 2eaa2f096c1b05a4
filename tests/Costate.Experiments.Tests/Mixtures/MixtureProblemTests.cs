using System.Text.Json;
using Costate.Experiments.Mixtures;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Experiments.Tests.Mixtures;

public sealed class MixtureProblemTests
{
    private static readonly JsonElement Known = JsonDocument.Parse(File.ReadAllText(Fixtures.PathTo("mixture.json"))).RootElement;

    [Fact]
    public void Constants_AreTheKnown()
    {
        Assert.Equal(Values("weights"), MixtureProblem.Weights);
        Assert.Equal(Values("target"), MixtureProblem.Target);
        Assert.Equal(Values("xT"), MixtureProblem.StartState);
        Assert.Equal(Values("z"), MixtureProblem.ConditionValue);
        Assert.Equal(Known.GetProperty("means").Deserialize<double[][]>(), MixtureProblem.Means);
        Assert.Equal(MixtureProblem.Deviation, Known.GetProperty("s0").GetDouble());
        Assert.Equal(MixtureProblem.GridStart, Known.GetProperty("t_start").GetDouble());
        Assert.Equal(MixtureProblem.GridEnd, Known.GetProperty("t_end").GetDouble());
    }

    // Both are fourth-order with 4000 steps of 0.003: h^4 is 1e-10, and the derivatives' constants are small.
    [Fact]
    public void Reference_IsTheKnown()
    {
        MixtureReference reference = MixtureReference.Compute();
        AssertNear(Values("x0"), reference.Sample, 1e-10);
        AssertNear(Values("grad_xT"), reference.StartGradient, 1e-10);
        AssertNear(Values("grad_z"), reference.ConditionGradient, 1e-10);
    }

    [Fact]
    public void Reference_HasConverged()
    {
        MixtureReference coarse = MixtureReference.Compute(1000);
        MixtureReference fine = MixtureReference.Compute(2000);
        MixtureReference finest = MixtureReference.Compute();
        double first = Distance(coarse.StartGradient, finest.StartGradient);
        double second = Distance(fine.StartGradient, finest.StartGradient);

        // Order 4: a half of the step is a sixteenth of the error.
        Assert.InRange(first / second, 12, 22);
        Assert.True(second < 1e-9);
    }

    // The library's exact discrete gradient of a good solver agrees with a reference that shares no code with it.
    [Fact]
    public void Network_LeadsToTheReference()
    {
        using var scope = NewDisposeScope();
        using var problem = new MixtureProblem();
        var sampler = new Sampler(problem.Denoiser, problem.Schedule, Solver.DpmSolverSinglestep(3), problem.Grid(400));
        SampleGradient gradient = sampler.Gradient(problem.Start, problem.Condition, problem.Loss);
        MixtureReference reference = MixtureReference.Compute();

        // The study measures 5e-7 of the gradient at 320 steps, order 3.
        AssertNear(reference.Sample, [.. gradient.Sample.data<double>()], 1e-6);
        AssertNear(reference.StartGradient, [.. gradient.StartNoise.data<double>()], 1e-6);
        AssertNear(reference.ConditionGradient, [.. gradient.Condition!.data<double>()], 1e-6);
    }

    private static double[] Values(string name) => Known.GetProperty(name).Deserialize<double[]>()!;

    private static double Distance(double[] a, double[] b) => Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum());

    private static void AssertNear(double[] expected, double[] actual, double tolerance) =>
        Assert.True(
            Distance(expected, actual) <= tolerance,
            $"{string.Join(", ", actual)} is {Distance(expected, actual):E2} from {string.Join(", ", expected)}");
}
