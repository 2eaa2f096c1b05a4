// From a folder of Stable Diffusion 1 or 2 to an edited picture and a gradient.  dotnet run samples/stable_diffusion.cs FOLDER [edited.ppm]
#:project ../src/Costate.Networks/Costate.Networks.csproj
#:package TorchSharp-cpu

using System.Text;
using Costate;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

if (args.Length == 0)
{
    Console.WriteLine("dotnet run samples/stable_diffusion.cs FOLDER [edited.ppm]: a folder with model_index.json, as the Hub lays it out");
    return;
}

CpuLibraries.Prepare(keepOneDnn: true);
using DisposeScope scope = NewDisposeScope();
using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(args[0]);
(int height, int width) = pipeline.PictureSize;
Console.WriteLine($"{pipeline.Source}: {pipeline.Scheduler.ClassName}, {pipeline.Scheduler.Prediction}, {height} x {width}");

// A picture to edit: a sky over a meadow.
Tensor row = linspace(-1, 1, height).reshape(1, 1, -1, 1), ones = torch.ones(1, 1, height, width);
Tensor image = cat([row * 0.5 * ones, row.abs() * ones, -row * ones], 1);
Tensor latent = pipeline.Encode(image);

// Its noise under one text, by a reversible solver: the same text gives it back, another one edits it.
Sampler exact = pipeline.Sampler(steps: 8, guidanceScale: 2, solver: Solver.Rex(ButcherTableau.Euler));
Condition day = pipeline.Condition("a meadow by day"), night = pipeline.Condition("a meadow by night");
using NoiseState noise = exact.Invert(latent, day);
Tensor same = exact.Sample(noise, day), edited = exact.Sample(noise, night);
Console.WriteLine($"the same text: largest difference {Largest(same - latent)}");
Console.WriteLine($"another text: largest difference {Largest(edited - latent):G4}");
if (args.Length > 1)
{
    Save(args[1], pipeline.Decode(edited)[0]);
}

// The gradient of a loss on a decoded picture, through codec, sampler, guidance and U-Net, to the noise and the text.
Sampler sampler = pipeline.Sampler(steps: 8, guidanceScale: 7.5, negative: "blurry");
Func<Tensor, Tensor> loss = x => pipeline.Decode(x).mean([1, 2, 3]);
SampleGradient g = sampler.Gradient(pipeline.DrawStart(1, height, width), night, loss);
Console.WriteLine($"mean brightness {g.Loss.item<float>():G4}, |dL/dx_T| {g.StartNoise.norm().item<float>():G4}, "
    + $"|dL/dtext| {g.Condition!.norm().item<float>():G4}, {g.Cost.NetworkEvaluations} network evaluations");

static float Largest(Tensor difference) => difference.abs().max().item<float>();

static void Save(string path, Tensor picture)
{
    Tensor bytes = ((picture + 1) * 127.5).round().clamp(0, 255).to(ScalarType.Byte).permute(1, 2, 0).contiguous();
    File.WriteAllBytes(path, [.. Encoding.ASCII.GetBytes($"P6 {bytes.shape[1]} {bytes.shape[0]} 255\n"), .. bytes.data<byte>()]);
}
