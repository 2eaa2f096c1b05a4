#:package TorchSharp-cpu
#:project ../src/Costate/Costate.csproj

// What weights made of Costate's densities are worth, on the mixtures of tests/goldens/densities, whose densities are known:
// `dotnet run -c Release eng/densities.cs` prints the tables of docs/densities.md. Some minutes.
using System.Globalization;
using System.Text.Json;
using Costate;
using static TorchSharp.torch;

const int Items = 2000;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
CpuLibraries.Prepare();
set_num_threads(1);
NoiseSchedule schedule = NoiseSchedule.VpLinear(0.1, 20);
(string Name, Solver Solver)[] solvers =
[
    ("DDIM", Solver.Ddim()),
    ("DPM-Solver++2M", Solver.DpmSolverPlusPlus()),
    ("UniPC-3", Solver.UniPc(3)),
    ("exponential RK4", Solver.ExponentialRungeKutta(ButcherTableau.Rk4)),
    ("Rex(Euler)", Solver.Rex(ButcherTableau.Euler)),
    ("Rex(RK4)", Solver.Rex(ButcherTableau.Rk4)),
];
foreach (string file in Directory.GetFiles("tests/goldens/densities", "*.json").Order(StringComparer.Ordinal))
{
    using JsonDocument json = JsonDocument.Parse(File.ReadAllText(file));
    using var scope = NewDisposeScope();
    Tensor logWeights = Numbers(json.RootElement, "weights").log(), centres = Numbers(json.RootElement, "means");
    int dimension = (int)centres.shape[1];
    (Tensor variances, Tensor axes) = linalg.eigh(Numbers(json.RootElement, "covariances"));
    Denoiser denoiser = Denoiser.FromFunction((x, t, z) => Noise(x, t[0].item<double>()), Prediction.Noise);
    StartDensity start = StartDensity.FromFunction(x => LogDensity(x, 1));
    Tensor xT = Draw(Items, 1, 1), data = Draw(500, 1e-3, 2);
    Console.WriteLine($"\n{dimension} dimensions, {Items} samples");
    Console.WriteLine("mean weight (standard error), effective fraction, rms error of log q, folds");
    foreach ((string name, Solver solver) in solvers)
    {
        foreach (int steps in new[] { 10, 20, 40 })
        {
            using var inner = NewDisposeScope();
            TimeGrid grid = Grid(steps);
            DensitySample sample = new Sampler(denoiser, schedule, solver, grid).LogDensity(xT, null, start);
            Tensor logWeight = LogDensity(sample.Sample, 1e-3) - sample.LogDensity;
            double pair = (steps * dimension * Math.Log(0.999))
                + (2 * dimension * Math.Log(schedule.Sigma(1e-3) / schedule.Sigma(1)));
            string ofPair = !solver.IsReversible ? ""
                : $", the pair's determinant off by {(sample.LogDeterminant - pair).abs().mean().item<double>():F1} nats";
            Show($"{name}, {steps} steps", logWeight, $", {sample.Folded.Count} folds{ofPair}");
        }
    }

    Console.WriteLine("\nweights of paths");
    foreach (int steps in new[] { 40, 160 })
    {
        foreach (bool large in new[] { false, true })
        {
            using var inner = NewDisposeScope();
            PathSample sample = new Sampler(denoiser, schedule, Solver.Ddpm(largeVariance: large), Grid(steps))
                .LogPathDensity(xT, null, BrownianPath.PerStep(3), start);
            Tensor logWeight = LogDensity(sample.Sample, 1e-3) - sample.LogDensity;
            Show($"DDPM, {(large ? "large" : "posterior's")} variance, {steps} steps", logWeight, "");
        }
    }

    Console.WriteLine("\nlikelihood of data: rms error in nats, trace and Jacobian; with 8 probes, rms error and mean standard error");
    foreach ((string name, Solver solver) in solvers.Where(each => !each.Solver.IsReversible))
    {
        foreach (int steps in new[] { 20, 40 })
        {
            using var inner = NewDisposeScope();
            var sampler = new Sampler(denoiser, schedule, solver, Grid(steps));
            double Error(LikelihoodOptions options) =>
                (sampler.LogLikelihood(data, null, start, options).LogDensity - LogDensity(data, 1e-3))
                .square().mean().sqrt().item<double>();
            var probes = new LikelihoodOptions { Probes = 8, Seed = 4 };
            double told = sampler.LogLikelihood(data, null, start, probes).StandardError.mean().item<double>();
            Console.WriteLine(
                $"  {name}, {steps} steps: {Error(new LikelihoodOptions()):G3}, "
                    + $"{Error(new LikelihoodOptions { Way = LikelihoodWay.Jacobian }):G3}; {Error(probes):G3}, {told:G3}");
        }
    }

    TimeGrid Grid(int steps) => TimeGrid.UniformLogSnr(schedule, steps, 1, 1e-3);

    // At t component k is N(alpha mu_k, alpha^2 S_k + sigma^2 I).
    (Tensor Logits, Tensor Along, Tensor Variance) Parts(Tensor x, double time)
    {
        (double alpha, double sigma) = (schedule.Alpha(time), schedule.Sigma(time));
        Tensor variance = (alpha * alpha * variances) + (sigma * sigma);
        Tensor along = axes.transpose(1, 2).unsqueeze(0).matmul((x.unsqueeze(1) - (alpha * centres)).unsqueeze(3)).squeeze(3);
        Tensor logits = logWeights - (0.5 * ((along.square() / variance).sum([2L]) + (2 * Math.PI * variance).log().sum([1L])));
        return (logits, along, variance);
    }

    Tensor LogDensity(Tensor x, double time) => Parts(x, time).Logits.logsumexp(1);

    Tensor Noise(Tensor x, double time)
    {
        (Tensor logits, Tensor along, Tensor variance) = Parts(x, time);
        Tensor back = axes.unsqueeze(0).matmul((along / variance).unsqueeze(3)).squeeze(3);
        return schedule.Sigma(time) * (logits.softmax(1).unsqueeze(2) * back).sum([1L]);
    }

    Tensor Draw(int count, double time, ulong seed)
    {
        (double alpha, double sigma) = (schedule.Alpha(time), schedule.Sigma(time));
        using var generator = new Generator(seed);
        Tensor chosen = multinomial(logWeights.exp(), count, true, generator);
        Tensor scaled = StartNoise.Draw([count, dimension], seed, ScalarType.Float64)
            * ((alpha * alpha * variances) + (sigma * sigma)).index_select(0, chosen).sqrt();
        return (alpha * centres.index_select(0, chosen)) + axes.index_select(0, chosen).matmul(scaled.unsqueeze(2)).squeeze(2);
    }
}

static void Show(string name, Tensor logWeight, string more)
{
    var weights = new ImportanceWeights(logWeight);
    double mean = Math.Exp(weights.LogZ);
    Console.WriteLine(
        $"  {name}: {mean:F4} ({mean * weights.LogZError:F4}), {weights.EffectiveFraction:F3}, "
            + $"{logWeight.square().mean().sqrt().item<double>():G3}{more}");
}

static Tensor Numbers(JsonElement json, string name)
{
    List<long> shape = [];
    List<double> values = [];
    for (JsonElement at = json.GetProperty(name); at.ValueKind == JsonValueKind.Array; at = at[0])
    {
        shape.Add(at.GetArrayLength());
    }

    Collect(json.GetProperty(name));
    return tensor([.. values], [.. shape]);

    void Collect(JsonElement at)
    {
        if (at.ValueKind != JsonValueKind.Array)
        {
            values.Add(at.GetDouble());
            return;
        }

        foreach (JsonElement each in at.EnumerateArray())
        {
            Collect(each);
        }
    }
}
