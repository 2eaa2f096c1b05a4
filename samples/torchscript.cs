// Samples a TorchScript denoiser and takes gradients through it.  dotnet run samples/torchscript.cs [denoiser.ts.pt]
// A TorchScript file is a program: run only files whose origin you trust.
#:project ../src/Costate/Costate.csproj
#:package TorchSharp-cpu

using System.Runtime.CompilerServices;
using Costate;
using TorchSharp;
using static TorchSharp.torch;

string path = args.Length > 0 ? args[0] : Path.Combine(Here(), "..", "tests", "goldens", "torchscript", "denoiser.ts.pt");

CpuLibraries.Prepare();
using DisposeScope scope = NewDisposeScope();
Denoiser denoiser = Denoiser.FromTorchScript(path, Prediction.Noise);
NoiseSchedule schedule = NoiseSchedule.VpLinear();
var sampler = new Sampler(denoiser, schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(schedule, 20));

// This network takes x [batch, 3, 8, 8] and a condition z [batch, 5].
Tensor xT = StartNoise.Draw([2, 3, 8, 8], seed: 1);
Tensor z = StartNoise.Draw([2, 5], seed: 2);
SampleGradient g = sampler.Gradient(xT, z, x => x.square().mean([1, 2, 3]), GradientMethod.Discrete(Checkpointing.Revolve(5)));

Console.WriteLine($"sample   [{string.Join(", ", g.Sample.shape)}], loss of each item {string.Join(", ", g.Loss.data<float>().Select(v => $"{v:G5}"))}");
Console.WriteLine($"|dL/dx_T| {g.StartNoise.norm().item<float>():G5}   |dL/dz| {g.Condition!.norm().item<float>():G5}");
Console.WriteLine($"{g.Cost.NetworkEvaluations} network evaluations, {g.Cost.VectorJacobianProducts} vector-Jacobian products, at most {g.Cost.PeakStoredStates} tensors kept");

static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
