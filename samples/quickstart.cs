// Draws a sample from a small denoiser and takes the gradient of a loss on it, four ways.  dotnet run samples/quickstart.cs
#:project ../src/Costate/Costate.csproj
#:package TorchSharp-cpu

using Costate;
using TorchSharp;
using static TorchSharp.torch;

CpuLibraries.Prepare();   // quiet and right on every processor

// A stand-in for a network: the exact noise prediction for data around z with deviation 1/2, under the schedule below.
NoiseSchedule schedule = NoiseSchedule.VpLinear(beta0: 0.1, beta1: 20);
Tensor net(Tensor x, Tensor t, Tensor? z)
{
    (double alpha, double sigma) = (schedule.Alpha(t[0].item<double>()), schedule.Sigma(t[0].item<double>()));
    return (x - (alpha * z! * z!.sin())) * (sigma / ((alpha * alpha / 4) + (sigma * sigma)));
}

Tensor loss(Tensor x) => (x - 1).square().sum(1);

using DisposeScope scope = NewDisposeScope();
Tensor xT = StartNoise.Draw([2, 3], seed: 1, ScalarType.Float64);
Tensor z = StartNoise.Draw([2, 3], seed: 2, ScalarType.Float64);

Denoiser denoiser = Denoiser.FromFunction((x, t, c) => net(x, t, c), Prediction.Noise);
TimeGrid grid = TimeGrid.UniformLogSnr(schedule, steps: 20, start: 1.0, end: 1e-3);
var sampler = new Sampler(denoiser, schedule, Solver.DpmSolverPlusPlus(order: 2), grid);

Tensor x0 = sampler.Sample(xT, z);
Console.WriteLine($"sample   {Text(x0[0])}");

foreach (GradientMethod method in new[] { GradientMethod.Discrete(), GradientMethod.Discrete(Checkpointing.Revolve(4)), GradientMethod.AdjointDeis(order: 2), GradientMethod.Unrolled() })
{
    SampleGradient g = sampler.Gradient(xT, z, loss, method);
    Console.WriteLine($"""

        {method}
          loss     {g.Loss[0].item<double>():F6}
          dL/dx_T  {Text(g.StartNoise[0])}
          dL/dz    {Text(g.Condition![0])}
          {g.Cost.NetworkEvaluations} network evaluations, {g.Cost.VectorJacobianProducts} vector-Jacobian products, {g.Cost.PeakStoredBytes} bytes kept
        """);
}

// The same as an ordinary autograd node.
xT.requires_grad = true;
Tensor y = sampler.Differentiable(xT, z, GradientMethod.Discrete());
loss(y).sum().backward();
Console.WriteLine($"\nautograd dL/dx_T  {Text(xT.grad![0])}");

// A central difference of the first entry, to see that it is true.
Tensor step = zeros_like(xT, requires_grad: false);
step[0, 0] = 1e-5;
using IDisposable noGraph = no_grad();
Tensor difference = (loss(sampler.Sample(xT + step, z)) - loss(sampler.Sample(xT - step, z))) / 2e-5;
Console.WriteLine($"difference        {difference[0].item<double>(),9:F6}");

static string Text(Tensor row) => string.Join(" ", row.data<double>().Select(v => $"{v,9:F6}"));
