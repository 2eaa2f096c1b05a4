// Fine-tunes a denoiser by the gradient of a loss on its samples with respect to its weights.  dotnet run samples/finetune.cs
#:project ../src/Costate/Costate.csproj
#:package TorchSharp-cpu

using Costate;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

CpuLibraries.Prepare();
using DisposeScope scope = NewDisposeScope();
manual_seed(0);
NoiseSchedule schedule = NoiseSchedule.VpLinear();
var sampler = new Sampler(
    Denoiser.FromModule(new Net(schedule), Prediction.Noise), schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(schedule, 10));

// Before, the samples are standard normal; wanted is a mean of (1, -1) without their spread being lost.
Tensor wanted = tensor(new float[] { 1, -1 });
Tensor Loss(Tensor x) => (x.mean([0L]) - wanted).square().sum() + (x.var(0) - 1).square().sum();

var optimiser = optim.Adam(sampler.Denoiser.Parameters, lr: 0.01);
for (int iteration = 0; iteration <= 60; iteration++)
{
    using DisposeScope inner = NewDisposeScope();
    Tensor xT = StartNoise.Draw([64, 2], seed: (ulong)iteration);

    // One adjoint sweep: memory for the states, not for the activations of ten evaluations.
    SampleGradient g = sampler.Gradient(xT, null, Loss);
    foreach ((Parameter weight, Tensor gradient) in sampler.Denoiser.Parameters.Zip(g.Parameters))
    {
        weight.grad = gradient;
    }

    optimiser.step();
    if (iteration % 10 == 0)
    {
        Console.WriteLine($"iteration {iteration,2}  loss {g.Loss.item<float>():F5}  {g.Cost.NetworkEvaluations} evaluations, {g.Cost.VectorJacobianProducts} products");
    }
}

Tensor samples = sampler.Sample(StartNoise.Draw([1000, 2], seed: 1000));
Console.WriteLine($"mean {Text(samples.mean([0L]))}, deviation {Text(samples.std(0))}");

static string Text(Tensor values) => string.Join(" ", values.data<float>().Select(v => $"{v:F2}"));

// What is exact for standard normal data, and a small network that starts at almost nothing.
internal sealed class Net : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly NoiseSchedule schedule;
    private readonly Sequential body = nn.Sequential(nn.Linear(3, 32), nn.SiLU(), nn.Linear(32, 2));

    public Net(NoiseSchedule schedule) : base("net")
    {
        this.schedule = schedule;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor t) => (x * schedule.Sigma(t[0].item<float>())) + (0.1 * body.call(cat([x, t.unsqueeze(1)], 1)));
}
