#:package TorchSharp-cpu
#:project ../src/Costate/Costate.csproj

// Prints the tables of docs/which-gradient.md: AdjointDEIS in both its forms beside the exact discrete adjoint, on the mixture of `costate
// study` under three schedules: `dotnet run eng/adjoint-forms.cs`. Relative errors of dL/dx_T of eight starts against the exact discrete
// adjoint of 3000 steps of DPM-Solver++3M; the samples are of DPM-Solver++2M on steps uniform in the half log-SNR.
using Costate;
using static TorchSharp.torch;

set_num_threads(1);
using var scope = NewDisposeScope();
Tensor means = tensor(new[] { 1.5, 0.5, -1.0, 1.2, 0.2, -1.4 }, [1, 3, 2], ScalarType.Float64);
Tensor logWeights = tensor(new[] { Math.Log(0.4), Math.Log(0.35), Math.Log(0.25) }, [1, 3], ScalarType.Float64);
Tensor target = tensor(new[] { 0.3, 0.7 }, [1, 2], ScalarType.Float64);
Tensor z = tensor(new[] { 0.1, -0.2 }, [1, 2], ScalarType.Float64).repeat(8, 1);
foreach ((string name, NoiseSchedule schedule, double start, double end, double scale) in new[]
{
    ("variance-preserving, from t = 1 to 0.001", NoiseSchedule.VpLinear(0.1, 20), 1.0, 1e-3, 1.0),
    ("rectified flow, from t = 0.99 to 0.001", NoiseSchedule.RectifiedFlow(), 0.99, 1e-3, 1.0),
    ("EDM, from sigma = 80 to 0.002", NoiseSchedule.Edm(80), 1.0, 2.5e-5, 80.0),
})
{
    Tensor starts = StartNoise.Draw([8, 2], 5, ScalarType.Float64) * scale;
    Denoiser denoiser = Denoiser.FromFunction((x, t, condition) => Noise(schedule, x, t[0].item<double>(), condition!), Prediction.Noise);
    Tensor exact = Gradient(3000, Solver.DpmSolverPlusPlus(3), GradientMethod.Discrete());
    Console.WriteLine($"\n{name}:\n");
    Console.WriteLine("| steps | `Discrete()` | order 1, noise | order 1, data | order 2, noise | order 2, data |");
    Console.WriteLine("|---|---|---|---|---|---|");
    foreach (int steps in new[] { 10, 20, 40, 80, 160, 320, 640 })
    {
        GradientMethod[] methods =
        [
            GradientMethod.Discrete(),
            GradientMethod.AdjointDeis(1), GradientMethod.AdjointDeis(1, prediction: Prediction.Data),
            GradientMethod.AdjointDeis(2), GradientMethod.AdjointDeis(2, prediction: Prediction.Data),
        ];
        IEnumerable<double> errors = methods.Select(method =>
            ((Gradient(steps, Solver.DpmSolverPlusPlus(), method) - exact).norm() / exact.norm()).item<double>());
        Console.WriteLine($"| {steps} | {string.Join(" | ", errors.Select(error => FormattableString.Invariant($"{error:G2}")))} |");
    }

    Tensor Gradient(int steps, Solver solver, GradientMethod method) =>
        new Sampler(denoiser, schedule, solver, TimeGrid.UniformLogSnr(schedule, steps, start, end))
            .Gradient(starts, z, x => (x - target).square().sum(1) + (2 * x.select(1, 0)).sin(), method)
            .StartNoise;
}

Tensor Noise(NoiseSchedule schedule, Tensor x, double time, Tensor condition)
{
    (double alpha, double sigma) = (schedule.Alpha(time), schedule.Sigma(time));
    double variance = (alpha * alpha * 0.35 * 0.35) + (sigma * sigma);
    Tensor difference = x.unsqueeze(1) - ((means + condition.unsqueeze(1)) * alpha);
    Tensor posterior = (logWeights - (difference.square().sum([2L]) / (2 * variance))).softmax(1);
    return (posterior.unsqueeze(2) * difference).sum([1L]) * (sigma / variance);
}
