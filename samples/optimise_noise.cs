// Finds the noise whose sample has a wanted property, with an ordinary optimiser.  dotnet run samples/optimise_noise.cs
#:project ../src/Costate/Costate.csproj
#:package TorchSharp-cpu

using Costate;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

CpuLibraries.Prepare();
using DisposeScope scope = NewDisposeScope();
manual_seed(0);

// An untrained convolutional network stands in for a denoiser of 8x8 images.
Sequential body = nn.Sequential(nn.Conv2d(2, 16, 3, padding: 1), nn.SiLU(), nn.Conv2d(16, 1, 3, padding: 1));
foreach (Parameter parameter in body.parameters())
{
    parameter.requires_grad = false;
}

Denoiser denoiser = Denoiser.FromFunction(
    (x, t, _) => (0.9 * x) + (0.1 * body.call(cat([x, t.view(-1, 1, 1, 1).expand_as(x)], 1))), Prediction.Noise);

NoiseSchedule schedule = NoiseSchedule.VpLinear();
var sampler = new Sampler(denoiser, schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(schedule, 15));

// Wanted: bright on the left, dark on the right.
Tensor wanted = cat([ones(1, 1, 8, 4), -ones(1, 1, 8, 4)], 3);
var xT = new Parameter(StartNoise.Draw([1, 1, 8, 8], seed: 3));
var optimiser = optim.Adam([xT], lr: 0.1);
for (int iteration = 0; iteration <= 40; iteration++)
{
    using DisposeScope inner = NewDisposeScope();
    optimiser.zero_grad();
    Tensor loss = (sampler.Differentiable(xT) - wanted).square().mean();
    loss.backward();
    optimiser.step();
    if (iteration % 10 == 0)
    {
        Console.WriteLine($"iteration {iteration,2}  loss {loss.item<float>():F5}");
    }
}

Tensor sample = sampler.Sample(xT.detach());
for (int row = 0; row < 8; row++)
{
    Console.WriteLine(string.Concat(sample[0, 0, row].data<float>().Select(v => v > 0.33f ? "##" : v < -0.33f ? ".." : "++")));
}
