using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// Gradients of networks made of views and additions, through which torch hands one memory on: sums made in place in one of them must not
/// reach another.
/// </summary>
public sealed class SharedMemoryTests
{
    private const int Steps = 5;

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    public static TheoryData<string> Names => Solvers.Every;

    [Theory]
    [MemberData(nameof(Names))]
    public void Discrete_EqualsUnrolled(string name)
    {
        foreach (Checkpointing? checkpointing in new[] { null, Checkpointing.Revolve(2) })
        {
            AssertEqual(Solvers.Named(name), GradientMethod.Unrolled(), GradientMethod.Discrete(checkpointing));
        }
    }

    [Theory]
    [InlineData("rex")]
    [InlineData("edict")]
    [InlineData("bdia")]
    [InlineData("o-belm")]
    public void Reversible_EqualsUnrolled(string name) => AssertEqual(
        name switch
        {
            "rex" => Solver.Rex(ButcherTableau.Rk4),
            "edict" => Solver.Edict(),
            "bdia" => Solver.Bdia(),
            _ => Solver.Belm(),
        },
        GradientMethod.Unrolled(),
        GradientMethod.Reversible());

    // The continuous adjoint is another number; it is compared with that of the same network without views.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AdjointDeis_EqualsItselfWithoutViews(int order) => AssertEqual(
        Solver.Ddim(), GradientMethod.AdjointDeis(order), GradientMethod.AdjointDeis(order), x => x.clone());

    private static void AssertEqual(Solver solver, GradientMethod expected, GradientMethod actual, Func<Tensor, Tensor>? separate = null)
    {
        using var scope = NewDisposeScope();
        using var weight = new Parameter(StartNoise.Draw([1, 3], 8, ScalarType.Float64));
        SampleGradient e = Gradient(solver, expected, weight, separate ?? (x => x));
        SampleGradient a = Gradient(solver, actual, weight, x => x);
        Near.Equal(e.StartNoise, a.StartNoise, Solvers.Rounding(solver));
        Near.Equal(e.Condition!, a.Condition!, 1e-12);
        Near.Equal(e.Parameters[0], a.Parameters[0], 1e-12);

        // What a user changes of one gradient is not another's.
        Tensor condition = a.Condition!.clone();
        a.StartNoise.add_(1);
        Assert.Equal(condition, a.Condition!);
    }

    private static SampleGradient Gradient(Solver solver, GradientMethod method, Parameter weight, Func<Tensor, Tensor> separate)
    {
        var denoiser = Denoiser.FromFunction(
            (x, _, z) => separate(x).view(-1, 3) + (separate(z!).view_as(x) + separate(weight).expand_as(x)),
            Prediction.Noise,
            parameters: [weight]);
        var sampler = new Sampler(denoiser, Schedule, solver, TimeGrid.UniformLogSnr(Schedule, Steps, 1, 0.05));
        return sampler.Gradient(
            SmallNet.Start(3),
            StartNoise.Draw([3, 3], 9, ScalarType.Float64),
            SmallNet.Loss,
            method,
            BrownianPath.PerStep(2));
    }
}
