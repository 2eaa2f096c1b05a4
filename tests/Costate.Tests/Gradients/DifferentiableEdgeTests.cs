using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary><see cref="Sampler.Differentiable"/> where the caller, the network or autograd does the unexpected.</summary>
public sealed class DifferentiableEdgeTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear(0.1, 20);

    // Calls the network again in the backward pass.
    private static readonly GradientMethod States = GradientMethod.Discrete(Checkpointing.States);

    public static TheoryData<string> Inputs => ["start", "condition", "weights"];

    [Theory]
    [MemberData(nameof(Inputs))]
    public void FailedPass_Throws_WhicheverInputHasTheGradient(string input)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        using var cancel = new CancellationTokenSource();
        (Sampler sampler, Tensor start, Tensor z) = OneInput(input, net);
        Tensor loss = SmallNet.Loss(sampler.Differentiable(start, z, cancellationToken: cancel.Token)).sum();
        cancel.Cancel();
        Assert.Throws<ExternalException>(loss.backward);
        Assert.IsType<OperationCanceledException>(sampler.BackwardError);
        Assert.Null(start.grad);
        Assert.Null(z.grad);
        Assert.Null(net.parameters().First().grad);

        // A success after it says that there is no error, and fills that input.
        SmallNet.Loss(sampler.Differentiable(start, z)).sum().backward();
        Assert.Null(sampler.BackwardError);
        Assert.NotNull(input switch { "start" => start.grad, "condition" => z.grad, _ => net.parameters().First().grad });
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void EarlierError_IsForgottenByALaterPassOfTheSameTensor(string input)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        bool broken = true;
        (Sampler sampler, Tensor start, Tensor z) = OneInput(input, net, () => broken ? throw new InvalidDataException("broken") : true);
        broken = false;
        Tensor loss = SmallNet.Loss(sampler.Differentiable(start, z, method: States)).sum();
        broken = true;
        Assert.Throws<ExternalException>(() => autograd.backward([loss], retain_graph: true));
        Assert.IsType<InvalidDataException>(sampler.BackwardError);
        broken = false;
        autograd.backward([loss]);
        Assert.Null(sampler.BackwardError);
    }

    [Fact]
    public void WeightsAlone_GetTheirGradient()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise));
        SampleGradient expected = sampler.Gradient(SmallNet.Start(), SmallNet.Condition(), SmallNet.Loss);
        SmallNet.Loss(sampler.Differentiable(SmallNet.Start(), SmallNet.Condition())).sum().backward();
        foreach ((Tensor e, Parameter parameter) in expected.Parameters.Zip(net.parameters()))
        {
            Near.Equal(e, parameter.grad!, 1e-13);
        }
    }

    [Fact]
    public void Inputs_MayBeDisposedBeforeTheBackwardPass()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise));
        Tensor code = SmallNet.Condition().requires_grad_(true);
        Tensor noise = SmallNet.Start().requires_grad_(true);

        // As a module is written: what it makes on the way goes with its scope.
        Tensor Module()
        {
            using DisposeScope inner = NewDisposeScope();
            return sampler.Differentiable(noise * 1.5, code * 0.5).MoveToOuterDisposeScope();
        }

        SampleGradient expected = sampler.Gradient(noise.detach() * 1.5, code.detach() * 0.5, SmallNet.Loss);
        Tensor loss = SmallNet.Loss(Module()).sum();
        autograd.backward([loss], retain_graph: true);
        Near.Equal(expected.Condition! * 0.5, code.grad!, 1e-13);
        Near.Equal(expected.StartNoise * 1.5, noise.grad!, 1e-13);
        autograd.backward([loss]);
        Near.Equal(expected.StartNoise * 3, noise.grad!, 1e-13);
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void ChangeInPlace_BetweenThePasses_IsRefused(string input)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise));
        Tensor start = SmallNet.Start().requires_grad_(true);
        Tensor z = SmallNet.Condition().requires_grad_(true);
        Tensor loss = SmallNet.Loss(sampler.Differentiable(start, z)).sum();
        using (no_grad())
        {
            (input switch { "start" => start, "condition" => z, _ => net.parameters().First() }).mul_(1.1);
        }

        Assert.Throws<ExternalException>(loss.backward);
        Assert.Contains("in place", Assert.IsType<InvalidOperationException>(sampler.BackwardError).Message, StringComparison.Ordinal);
        Assert.Null(start.grad);
    }

    [Fact]
    public void AutogradGrad_OfAFailingPass_GivesNaN_AndOursThrows()
    {
        using var scope = NewDisposeScope();
        bool broken = false;
        Sampler sampler = NewSampler(
            Denoiser.FromFunction((x, _, _) => broken ? throw new InvalidDataException("broken") : x * 0.5, Prediction.Noise));
        Tensor start = SmallNet.Start().requires_grad_(true);
        Tensor loss = SmallNet.Loss(sampler.Differentiable(start, method: States)).sum();
        broken = true;
#pragma warning disable RS0030 // What a user may call: it must not end the process.
        Tensor gradient = autograd.grad([loss], [start], retain_graph: true)[0];
#pragma warning restore RS0030
        Assert.True(gradient.isnan().all().item<bool>());
        Assert.IsType<InvalidDataException>(sampler.BackwardError);
        Assert.Throws<ExternalException>(() => Autograd.Gradients([loss], [start], retainGraph: true));
        Assert.IsType<InvalidDataException>(sampler.BackwardError);

        broken = false;
        start.grad = ones_like(start);
        Tensor ours = Assert.Single(Autograd.Gradients([loss], [start]));
        Near.Equal(sampler.Gradient(start.detach(), null, SmallNet.Loss).StartNoise, ours, 1e-13);
        Assert.Equal(ones_like(start), start.grad!);
    }

    [Fact]
    public void Gradients_AreThoseOfTorch_AndWrongInputsAreExceptions()
    {
        using var scope = NewDisposeScope();
        Tensor x = SmallNet.Start().requires_grad_(true);
        Tensor middle = x * 2;
        Tensor y = middle.square();
        Tensor unused = SmallNet.Start().requires_grad_(true);
        IReadOnlyList<Tensor> gradients = Autograd.Gradients([y], [x, middle, unused], [ones_like(y)], retainGraph: true);
        Near.Equal(8 * x.detach(), gradients[0], 1e-15);
        Near.Equal(4 * x.detach(), gradients[1], 1e-15);
        Assert.Equal(zeros_like(x, requires_grad: false), gradients[2]);
        Assert.Null(x.grad);

        Tensor again = Autograd.Gradients([y.sum()], [x], createGraph: true)[0];
        Near.Equal(full_like(x, 8), Autograd.Gradients([again.sum()], [x])[0], 1e-15);

        Assert.Throws<ExternalException>(() => Autograd.Gradients([y], [x]));
        Assert.Throws<InputException>(() => Autograd.Gradients([y], [x.detach()]));
        Assert.Throws<InputException>(() => Autograd.Gradients([y], [x], []));
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void SecondDerivative_IsRefused_NotDropped(string input)
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        (Sampler sampler, Tensor start, Tensor z) = OneInput(input, net);
        if (input == "weights")
        {
            start.requires_grad_(true);
        }

        Tensor leaf = input == "condition" ? z : start;
        Tensor y = sampler.Differentiable(start, z);

        // Making the graph is no error, using it is.
        Tensor gradient = Autograd.Gradients([SmallNet.Loss(y).sum()], [leaf], createGraph: true)[0];
        Assert.True(gradient.requires_grad);
        Assert.Throws<ExternalException>(() => Autograd.Gradients([gradient.square().sum()], [leaf]));
        Assert.IsType<NotSupportedException>(sampler.BackwardError);
    }

    [Fact]
    public void SecondDerivative_ThroughUnrolled_IsRight()
    {
        using var scope = NewDisposeScope();
        using var net = new SmallNet();
        Sampler sampler = NewSampler(Denoiser.FromModule(net, Prediction.Noise));
        Tensor start = SmallNet.Start().requires_grad_(true);
        Tensor direction = StartNoise.Draw([2, 3], 21, ScalarType.Float64);
        Tensor First(Tensor at) => Autograd.Gradients(
            [SmallNet.Loss(sampler.Differentiable(at, SmallNet.Condition(), GradientMethod.Unrolled())).sum()], [at], createGraph: true)[0];
        Tensor second = Autograd.Gradients([(First(start) * direction).sum()], [start])[0];
        double step = 1e-5;
        Tensor At(double shift) => sampler.Gradient(start.detach() + (shift * direction), SmallNet.Condition(), SmallNet.Loss).StartNoise;

        // A central difference of a gradient that is exact to 1e-14.
        Near.Equal((At(step) - At(-step)) / (2 * step), second, 1e-8);
    }

    private static (Sampler Sampler, Tensor Start, Tensor Z) OneInput(string input, SmallNet net, Func<bool>? check = null)
    {
        var denoiser = Denoiser.FromFunction(
            (x, t, z) => check?.Invoke() != false ? net.call(x, t, z!) : x,
            Prediction.Noise,
            parameters: input == "weights" ? net.parameters() : []);
        return (
            NewSampler(denoiser),
            SmallNet.Start().requires_grad_(input == "start"),
            SmallNet.Condition().requires_grad_(input == "condition"));
    }

    private static Sampler NewSampler(Denoiser denoiser) =>
        new(denoiser, Schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(Schedule, 5, 1, 0.05));
}
