// Fine-tunes the embedded text-to-image model to a reward, by Adjoint Matching or by its truncated gradient, in some minutes.
// dotnet run samples/finetune_reward.cs [matching|truncated] [iterations]
#:project ../src/Costate.Networks/Costate.Networks.csproj
#:package TorchSharp-cpu

using System.Runtime.CompilerServices;
using Costate;
using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

CpuLibraries.Prepare(keepOneDnn: true);
using DisposeScope scope = NewDisposeScope();
bool matches = args.FirstOrDefault() != "truncated";
const int Steps = 6, Batch = 2;
const double Strength = 300;
using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Path.Combine(Folder(), "../src/Costate.Faces/Weights/text"));
Sampler whole = pipeline.Sampler(Steps, guidanceScale: 1);
var sampler = new Sampler(whole.Denoiser, whole.Schedule, Solver.Ddpm(), TimeGrid.UniformLogSnr(whole.Schedule, Steps, whole.Grid.Start, 0.02));
IReadOnlyList<double> times = sampler.Grid.Times;
Sampler[] each = [.. times.Zip(times.Skip(1), (t, s) => new Sampler(whole.Denoiser, whole.Schedule, sampler.Solver, TimeGrid.FromTimes([t, s])))];
Condition prompt = pipeline.Condition([.. Enumerable.Repeat("a portrait of a person", Batch)]);

// The reward: pictures that are more blue than red.
Tensor Reward(Tensor latents) => pipeline.Decode(latents) is var picture ? (picture.select(1, 2) - picture.select(1, 0)).mean([1L, 2]) : latents;

// What is trained: a small network that moves the noise of each step, and with it the step, by so many of its deviations.
manual_seed(0);
Sequential control = nn.Sequential(nn.Conv2d(5, 32, 3, padding: 1L), nn.SiLU(), nn.Conv2d(32, 32, 3, padding: 1L), nn.SiLU(), nn.Conv2d(32, 4, 3, padding: 1L));
Tensor Control(Tensor x, int k) => 0.1 * control.call(cat([x, full([x.shape[0], 1, x.shape[2], x.shape[3]], times[k])], 1));
var optimiser = optim.Adam(control.parameters(), lr: 3e-3);
for (int iteration = 0; iteration <= (args.Length > 1 ? int.Parse(args[1]) : 20); iteration++)
{
    using DisposeScope inner = NewDisposeScope();
    Tensor start = pipeline.DrawStart((ulong)iteration, 128, 128, Batch), x = start, drawn = randn([Steps, .. start.shape]);
    var (states, noises) = (new List<Tensor>(), new List<Tensor>());
    for (int k = 0; k < Steps; k++)
    {
        states.Add(x);
        noises.Add((drawn[k] + Control(x, k)).detach());
        x = each[k].Sample(x, prompt, BrownianPath.Recorded(noises[k].unsqueeze(0)));
    }

    // The lean adjoint: the transpose of the base's table along the path, here the gradient with respect to the noise of each step.
    SampleGradient lean = sampler.Gradient(
        start, prompt, y => Strength * -Reward(y), noise: BrownianPath.Recorded(stack(noises)), also: GradientParts.NoiseVectors);
    Tensor[] moves = [.. states.Select(Control)], wanted = [.. lean.NoiseVectors!.unbind(0).Select(g => -g)];
    Tensor loss = matches ? stack([.. moves.Zip(wanted, (u, w) => (u - w).square().mean())]).mean() : -(moves[^1] * wanted[^1]).sum() / 100;
    optimiser.zero_grad();
    loss.backward();
    optimiser.step();
    Console.WriteLine($"iteration {iteration,3}  reward {-lean.Loss.mean().item<float>() / Strength:F3}  control {stack(moves).square().mean().sqrt().item<float>():F3}");
}

static string Folder([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
