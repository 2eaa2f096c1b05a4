#:package TorchSharp-cpu
#:package SkiaSharp.NativeAssets.Linux.NoDependencies
#:project ../src/Costate.Faces/Costate.Faces.csproj
#:property PublishAot=false

// Learns step times and prints the tables of docs/reach.md: `dotnet run eng/learned-times.cs` on a mixture of Gaussians, whose network is
// known in closed form, and `dotnet run eng/learned-times.cs faces` on the embedded model of drawn faces. The error is that of samples not
// seen by the optimisation, root mean square against a run of 200 steps (faces: 100) of DPM-Solver++3M from the same noise.
using Costate;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using TorchSharp;
using static TorchSharp.torch;

set_num_threads(1);
CpuLibraries.Prepare();
using var scope = NewDisposeScope();
if (args is ["faces"])
{
    using FaceModel model = FaceModel.Embedded();
    (Tensor X, Tensor Z) Faces(ulong seed, int count)
    {
        Tensor bytes = DrawnFaces.Batch(
            [.. Enumerable.Range(0, count).Select(i => (DrawnFaces.FirstHeldOut + (seed * 1000) + (ulong)i, seed))]);
        Tensor pictures = bytes.to(ScalarType.Float32).div_(127.5).sub_(1);
        return (StartNoise.Draw([count, 3, model.Side, model.Side], seed), model.Model.Encode!(pictures));
    }

    Learn(
        "embedded model of faces",
        model.Model.Denoiser,
        model.Model.Schedule,
        [("DDIM", Solver.Ddim()), ("DPM-Solver++2M", Solver.DpmSolverPlusPlus())],
        Faces(1, 6),
        Faces(2, 16),
        referenceSteps: 100,
        iterations: 12);
    return;
}

NoiseSchedule schedule = NoiseSchedule.VpLinear(0.1, 20);
Tensor means = tensor(new[] { 1.5, 0.5, -1.0, 1.2, 0.2, -1.4 }, [1, 3, 2], ScalarType.Float64);
Tensor logWeights = tensor(new[] { Math.Log(0.4), Math.Log(0.35), Math.Log(0.25) }, [1, 3], ScalarType.Float64);
Learn(
    "mixture problem",
    Denoiser.FromFunction(Mixture, Prediction.Noise),
    schedule,
    [("DDIM", Solver.Ddim()), ("DPM-Solver++2M", Solver.DpmSolverPlusPlus()), ("UniPC-2", Solver.UniPc())],
    Draws(1, 64),
    Draws(3, 1024),
    referenceSteps: 200,
    iterations: 60);

(Tensor X, Tensor Z) Draws(ulong seed, int count) =>
    (StartNoise.Draw([count, 2], seed, ScalarType.Float64), StartNoise.Draw([count, 2], seed + 1, ScalarType.Float64) * 0.3);

// The noise prediction of the mixture of `costate study`, differentiable in time.
Tensor Mixture(Tensor x, Tensor t, Tensor? z)
{
    Tensor logAlpha = ((t.square() * -4.975) - (t * 0.05)).reshape(-1, 1);
    Tensor alpha = logAlpha.exp(), square = (2 * logAlpha).expm1().neg(), sigma = square.sqrt();
    Tensor variance = (alpha.square() * (0.35 * 0.35)) + square;
    Tensor difference = x.unsqueeze(1) - (alpha.unsqueeze(1) * (means + z!.unsqueeze(1)));
    Tensor posterior = (logWeights - (difference.square().sum([2L]) / (2 * variance))).softmax(1);
    return (posterior.unsqueeze(2) * difference).sum([1L]) * sigma / variance;
}

static void Learn(
    string name,
    Denoiser denoiser,
    NoiseSchedule schedule,
    (string Name, Solver Solver)[] solvers,
    (Tensor X, Tensor Z) seen,
    (Tensor X, Tensor Z) others,
    int referenceSteps,
    int iterations)
{
    using IDisposable noGraph = no_grad();
    var fine = new Sampler(denoiser, schedule, Solver.DpmSolverPlusPlus(3), TimeGrid.UniformLogSnr(schedule, referenceSteps));
    (Tensor target, Tensor otherTarget) = (fine.Sample(seen.X, seen.Z), fine.Sample(others.X, others.Z));
    Console.WriteLine($"The {name}: {seen.X.shape[0]} samples seen, {others.X.shape[0]} others.\n");
    Console.WriteLine("| solver | steps | uniform in log-SNR | uniform in time | Karras | learned | evaluations of the network to learn |");
    Console.WriteLine("|---|---|---|---|---|---|---|");
    List<string> grids = [];
    foreach ((string solverName, Solver solver) in solvers)
    {
        foreach (int steps in new[] { 6, 8, 10 })
        {
            using var step = NewDisposeScope();
            TimeGrid[] starts =
                [TimeGrid.UniformLogSnr(schedule, steps), TimeGrid.Uniform(steps), TimeGrid.Karras(schedule, steps)];
            TimeGrid begin = starts.MinBy(grid => Error(grid, seen, target))!;
            OptimisedSchedule learned = new ScheduleOptimisation(On(begin), new() { Iterations = iterations }).Run(seen.X, seen.Z, target);
            double[] errors = [.. starts.Append(learned.Grid).Select(grid => Error(grid, others, otherTarget))];
            string columns = string.Join(" | ", errors.Select(error => FormattableString.Invariant($"{error:G3}")));
            Console.WriteLine($"| {solverName} | {steps} | {columns} | {learned.Cost.NetworkEvaluations} |");
            string times = string.Join(", ", learned.Grid.Times.Select(t => FormattableString.Invariant($"{t:G4}")));
            grids.Add($"{solverName}, {steps}: {times}");

            Sampler On(TimeGrid grid) => new(denoiser, schedule, solver, grid);

            double Error(TimeGrid grid, (Tensor X, Tensor Z) of, Tensor expected) =>
                Math.Sqrt((On(grid).Sample(of.X, of.Z) - expected).square().mean().ToDouble());
        }
    }

    Console.WriteLine();
    grids.ForEach(Console.WriteLine);
}
