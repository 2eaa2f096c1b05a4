#:package TorchSharp-cpu
#:project ../src/Costate/Costate.csproj

// Prints a short name for the bits of samples, gradients, inversions and guided samples of every kind, one line each. Two revisions that
// print the same lines, on one machine, compute the same: `dotnet run eng/results.cs > after.txt` in both, then `diff before.txt
// after.txt`.
using System.Security.Cryptography;
using Costate;
using static TorchSharp.torch;

CpuLibraries.Prepare();
set_num_threads(1);
NoiseSchedule schedule = NoiseSchedule.VpLinear(0.1, 20);
TimeGrid grid = TimeGrid.UniformLogSnr(schedule, 12, 1, 1e-3);
var layers = nn.Sequential(nn.Linear(9, 24, dtype: ScalarType.Float32), nn.Tanh(), nn.Linear(24, 6, dtype: ScalarType.Float32));
int at = 100;
foreach (var parameter in layers.parameters())
{
    using IDisposable noGraph = no_grad();
    parameter.copy_(StartNoise.Draw(parameter.shape, (ulong)at++) * 0.4);
}

Denoiser denoiser = Denoiser.FromFunction(
    (x, t, z) => layers.call(cat([x, z!, t.unsqueeze(1)], 1)) + (0.3 * x), Prediction.Noise, parameters: layers.parameters());
Tensor start = StartNoise.Draw([4, 6], 1), z = StartNoise.Draw([4, 2], 2), target = StartNoise.Draw([4, 6], 3);
Condition scheduled = Condition.Scheduled(StartNoise.Draw([12, 4, 2], 4));
Tensor Loss(Tensor x) => (x - target).square().sum(1) + x.sum(1).sin();

(string Name, Solver Solver)[] solvers =
[
    ("ddim", Solver.Ddim()), ("euler", Solver.Euler()), ("heun", Solver.Heun()), ("dpm-3", Solver.DpmSolver(3)),
    ("dpm++2", Solver.DpmSolverPlusPlus()), ("dpm++3s", Solver.DpmSolverPlusPlusSinglestep(3)), ("deis-3", Solver.Deis()),
    ("unipc-3", Solver.UniPc(3)),
    ("ddpm", Solver.Ddpm()),
    ("sde-dpm-2", Solver.SdeDpmSolver(2)),
    ("sde-dpm++1", Solver.SdeDpmSolverPlusPlus()),
    ("rk4", Solver.ExponentialRungeKutta(ButcherTableau.Rk4)), ("rex-euler", Solver.Rex(ButcherTableau.Euler)),
    ("rex-shark", Solver.Rex(ButcherTableau.Shark)), ("edict", Solver.Edict()), ("bdia", Solver.Bdia()), ("belm", Solver.Belm()),
];
foreach ((string name, Solver solver) in solvers)
{
    var sampler = new Sampler(denoiser, schedule, solver, grid);
    BrownianPath? path = !solver.IsStochastic ? null : solver.IsReversible ? BrownianPath.Tree(5) : BrownianPath.PerStep(5);
    Show($"{name} sample", () => [sampler.Sample(start, z, path)]);
    (string Name, GradientMethod Method)[] methods =
    [
        ("discrete", GradientMethod.Discrete()),
        ("revolve", GradientMethod.Discrete(Checkpointing.Revolve(3))),
        ("unrolled", GradientMethod.Unrolled()),
        ("adjoint-deis", GradientMethod.AdjointDeis()),
        ("adjoint-deis-2", GradientMethod.AdjointDeis(2, 7)),
        ("reversible", GradientMethod.Reversible()),
        ("anchored", GradientMethod.Reversible(anchors: 3)),
        ("solved", GradientMethod.AdjointDeis(2, trajectory: Trajectory.SolvedBackward)),
    ];
    foreach ((string way, GradientMethod method) in methods)
    {
        Show($"{name} {way}", () => Parts(sampler.Gradient(start, z, Loss, method, path)));
        Show($"{name} {way}, scheduled", () => Parts(sampler.Gradient(start, scheduled, Loss, method, path)));
    }

    Show($"{name} inversion", () =>
    {
        NoiseState state = sampler.Invert(target * 0.5, z, path);
            return
            [
                .. state is ReversibleNoise pair ? [.. pair.States, .. pair.Remainders ?? []] : (Tensor[])[state.Start],
                sampler.Sample(state, z, path),
            ];
    });
    Show(
        $"{name} optimised",
        () => [new LatentOptimisation(sampler, Loss, new LatentOptimisationOptions { Iterations = 5 }).Run(start, z, path).Sample]);
    Show(
        $"{name} controlled",
        () =>
            [
                new ControlOptimisation(sampler, ControlOptions.FlowGrad with { Iterations = 3, LearningRate = 0.1 })
                    .Optimise(start, z, Loss, path)
                    .Sample,
            ]);
}

Show("guided", () => [new GuidedSampler(denoiser, schedule, grid, GuidancePreset.Dps(0.1)).Sample(start, z, Loss).Sample]);
Show("greedy", () => [new GreedyDim(denoiser, schedule, grid).Sample(start, z, Loss).Sample]);
Show("red-diff", () => [new RedDiff(denoiser, schedule, TimeGrid.UniformLogSnr(schedule, 12, 0.99, 1e-3)).Sample(start, z, Loss).Sample]);
Show("adaptive", () =>
{
    var sampler = new AdaptiveSampler(denoiser, schedule, Solver.Rex(ButcherTableau.All.First(t => t.ErrorWeights is not null)));
    return Parts(sampler.Gradient(start, z, Loss));
});

Tensor[] Parts(SampleGradient gradient) =>
    [gradient.Loss, gradient.Sample, gradient.StartNoise, gradient.Condition!, .. gradient.Parameters];

static void Show(string name, Func<Tensor[]> compute)
{
    using var scope = NewDisposeScope();
    try
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (Tensor tensor in compute())
        {
            hash.AppendData(tensor.detach().contiguous().bytes.ToArray());
        }

        Console.WriteLine($"{name}: {Convert.ToHexStringLower(hash.GetHashAndReset()[..6])}");
    }
    catch (Exception e) when (e is ArgumentException or InvalidOperationException)
    {
        Console.WriteLine($"{name}: {e.Message}");
    }
}
