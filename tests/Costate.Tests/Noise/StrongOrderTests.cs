using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class StrongOrderTests
{
    private readonly Mixture mixture = Mixture.Load();

    [Theory]
    [InlineData("rk-shark", Prediction.Data, 1, 0.001, 16384)]
    [InlineData("rk-shark", Prediction.Data, 0.9, 0.01, 16384)]
    [InlineData("rk-shark", Prediction.Data, 0.6, 0.1, 16384)]
    [InlineData("rex-em", Prediction.Noise, 0.9, 0.01, 16384)]
    [InlineData("rex-em5", Prediction.Noise, 0.9, 0.01, 16384)]
    [InlineData("rk-em", Prediction.Noise, 0.9, 0.01, 16384)]
    public void Explore(string name, Prediction p, double start, double end, int most)
    {
        using var scope = NewDisposeScope();
        Solver solver = name switch
        {
            "rk-em" => Solver.ExponentialRungeKutta(ButcherTableau.EulerMaruyama, p),
            "rex-em" => Solver.Rex(ButcherTableau.EulerMaruyama, prediction: p),
            "rex-em5" => Solver.Rex(ButcherTableau.EulerMaruyama, 0.9, prediction: p),
            "rk-shark" => Solver.ExponentialRungeKutta(ButcherTableau.Shark, p),
            "rex-shark" => Solver.Rex(ButcherTableau.Shark, prediction: p),
            _ => p == Prediction.Data ? Solver.SdeDpmSolverPlusPlus(1) : Solver.SdeDpmSolver(1),
        };
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Tensor reference = Run(p == Prediction.Data ? Solver.ExponentialRungeKutta(ButcherTableau.Shark) : Solver.SdeDpmSolver(1), most, start, end);
        string s = $"{name} {p} {start} {end} ref {clock.Elapsed.TotalSeconds:F1}s: ";
        double[]? previous = null;
        for (int n = 64; n < most; n *= 2)
        {
            double[] e = [.. (Run(solver, n, start, end) - reference).norm(1).data<double>()];
            s += $"\n  {n}: median {e.Order().ElementAt(e.Length / 2):E2} rms {Math.Sqrt(e.Average(x => x * x)):E2}";
            if (previous is not null)
            {
                s += $" slope {e.Zip(previous, (a, b) => Math.Log2(b / a)).Order().ElementAt(e.Length / 2):F2} {e.Zip(previous, (a, b) => Math.Log2(b / a)).Average():F2}";
            }
            previous = e;
        }
        File.AppendAllText("/tmp/orders.txt", s + $" {clock.Elapsed.TotalSeconds:F1}s\n");
    }

    private Tensor Run(Solver solver, int steps, double start, double end)
    {
        const int B = 64;
        var sampler = new Sampler(mixture.Denoiser(), mixture.Schedule, solver, TimeGrid.UniformLogSnr(mixture.Schedule, steps, start, end));
        return sampler.Sample(StartNoise.Draw([B, 2], 1, ScalarType.Float64), mixture.ConditionTensor(B), BrownianPath.Tree(3));
    }
}
