using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class DifferentiableTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    public static TheoryData<string> Methods => ["discrete", "states", "revolve", "unrolled", "adjoint-1", "adjoint-2"];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Backward_FillsTheGradientsOfGradient(string method)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise));
        Tensor start = SmallNet.Start().requires_grad_(true);
        Tensor z = SmallNet.Condition().requires_grad_(true);
        SampleGradient expected = sampler.Gradient(start.detach(), z.detach(), SmallNet.Loss, Named(method));

        Tensor y = sampler.Differentiable(start, z, Named(method));
        Assert.True(y.requires_grad);
        Near.Equal(expected.Sample, y.detach(), 1e-15);
        SmallNet.Loss(y).sum().backward();

        Near.Equal(expected.StartNoise, start.grad!, 1e-13);
        Near.Equal(expected.Condition!, z.grad!, 1e-13);
        foreach ((Tensor e, var parameter) in expected.Parameters.Zip(net.parameters()))
        {
            Near.Equal(e, parameter.grad!, 1e-13);
        }

        Assert.Null(sampler.BackwardError);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    public void Backward_ThroughAReversibleSolver_KeepsTheDtype(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet(dtype);
        var sampler = new Sampler(
            Denoiser.FromModule(net, Prediction.Noise),
            Schedule,
            Solver.Rex(ButcherTableau.Midpoint),
            TimeGrid.UniformLogSnr(Schedule, 5, 1, 0.05));
        Tensor start = SmallNet.Start(2, dtype).requires_grad_(true);
        Tensor y = sampler.Differentiable(start, SmallNet.Condition(2, dtype), GradientMethod.Reversible());
        SmallNet.Loss(y).sum().backward();
        Assert.Equal(dtype, y.dtype);
        Near.Equal(
            sampler.Gradient(start.detach(), SmallNet.Condition(2, dtype), SmallNet.Loss, GradientMethod.Reversible()).StartNoise,
            start.grad!,
            1e-6);
    }

    [Fact]
    public void Backward_GoesOnIntoWhatMadeTheInputs()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise));
        Tensor scale = tensor(0.7, dtype: ScalarType.Float64).requires_grad_(true);
        Tensor[] parts = [.. Enumerable.Range(0, 5).Select(i => SmallNet.Condition().mul(0.1 * i).requires_grad_(true))];
        Tensor y = sampler.Differentiable(SmallNet.Start() * scale, Condition.Scheduled(parts));
        SmallNet.Loss(y).sum().backward();
        double step = 1e-6;
        double Value(double s) =>
            SmallNet
                .Loss(sampler.Sample(SmallNet.Start() * s, Condition.Scheduled([.. parts.Select(p => p.detach())])))
                .sum()
                .item<double>();
        Assert.Equal((Value(0.7 + step) - Value(0.7 - step)) / (2 * step), scale.grad!.item<double>(), 1e-6);
        Assert.All(parts, part => Assert.NotNull(part.grad));
    }

    [Fact]
    public void Backward_WithOneInputOnly_FillsThatOne()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise));
        Tensor start = SmallNet.Start().requires_grad_(true);
        SmallNet.Loss(sampler.Differentiable(start, SmallNet.Condition())).sum().backward();
        Assert.NotNull(start.grad);
        Sampler frozen = NewSampler(Denoiser.FromFunction((x, _, _) => x * 0.5, Prediction.Noise));
        Assert.False(frozen.Differentiable(SmallNet.Start(), SmallNet.Condition()).requires_grad);
    }

    [Fact]
    public void Backward_Twice_RunsForwardAgain()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise));
        Tensor start = SmallNet.Start().requires_grad_(true);
        Tensor loss = SmallNet.Loss(sampler.Differentiable(start, SmallNet.Condition())).sum();
        autograd.backward([loss], retain_graph: true);
        Tensor once = start.grad!.clone();
        autograd.backward([loss]);
        Near.Equal(2 * once, start.grad!, 1e-14);
    }

    // Plain backpropagation and kept graphs do not call the network again.
    [Theory]
    [InlineData("states")]
    [InlineData("revolve")]
    [InlineData("adjoint-1")]
    [InlineData("adjoint-2")]
    public void ExceptionInTheBackwardPass_IsAnException(string method)
    {
        using var scope = NewDisposeScope();
        bool broken = false;
        var denoiser = Denoiser.FromFunction(
            (x, _, _) => broken ? throw new InvalidDataException("the network broke") : x * 0.5,
            Prediction.Noise);
        Sampler sampler = NewSampler(denoiser);
        Tensor start = SmallNet.Start().requires_grad_(true);
        Tensor loss = SmallNet.Loss(sampler.Differentiable(start, method: Named(method))).sum();
        broken = true;
        Assert.Contains("invalid gradient", Assert.Throws<ExternalException>(loss.backward).Message, StringComparison.Ordinal);
        Assert.Equal("the network broke", Assert.IsType<InvalidDataException>(sampler.BackwardError).Message);
        Assert.Null(start.grad);

        // The process and the sampler go on.
        broken = false;
        SmallNet.Loss(sampler.Differentiable(start, method: Named(method))).sum().backward();
        Assert.NotNull(start.grad);
        Assert.Null(sampler.BackwardError);
    }

    [Fact]
    public void ExceptionInTheForwardPass_IsItself()
    {
        using var scope = NewDisposeScope();
        Sampler sampler = NewSampler(
            Denoiser.FromFunction((_, _, _) => throw new InvalidDataException("the network broke"), Prediction.Noise));
        Tensor start = SmallNet.Start().requires_grad_(true);
        Assert.Throws<InvalidDataException>(() => { sampler.Differentiable(start); });
    }

    [Fact]
    public void Cancellation_InTheBackwardPass_IsAnException()
    {
        using var scope = NewDisposeScope();
        using var cancel = new CancellationTokenSource();
        Sampler sampler = NewSampler(Denoiser.FromFunction((x, _, _) => x * 0.5, Prediction.Noise));
        Tensor start = SmallNet.Start().requires_grad_(true);
        Tensor loss = SmallNet.Loss(sampler.Differentiable(start, cancellationToken: cancel.Token)).sum();
        cancel.Cancel();
        Assert.Throws<ExternalException>(loss.backward);
        Assert.IsType<OperationCanceledException>(sampler.BackwardError);
    }

    [Fact]
    public void Tapes_AreFreedByTheBackwardPass()
    {
        // The leak check of the suite counts this thread's tensors after the test; only what leaves the inner scopes is seen by it.
        using var outer = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise));
        long alive = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 3; i++)
        {
            using var scope = NewDisposeScope();
            Tensor start = SmallNet.Start().requires_grad_(true);
            SmallNet.Loss(sampler.Differentiable(start, SmallNet.Condition())).sum().backward();
        }

        Assert.Equal(alive, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static Sampler NewSampler(Denoiser denoiser) =>
        new(denoiser, Schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(Schedule, 5, 1, 0.05));

    private static GradientMethod Named(string method) => method switch
    {
        "states" => GradientMethod.Discrete(Checkpointing.States),
        "revolve" => GradientMethod.Discrete(Checkpointing.Revolve(2)),
        "unrolled" => GradientMethod.Unrolled(),
        "adjoint-1" => GradientMethod.AdjointDeis(1),
        "adjoint-2" => GradientMethod.AdjointDeis(2, trajectory: Trajectory.SolvedBackward),
        _ => GradientMethod.Discrete(),
    };
}
