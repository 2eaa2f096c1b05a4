#:package TorchSharp-cpu
#:project ../src/Costate/Costate.csproj

// Methods for linear measurements on posteriors that are known exactly: the beds of 25 components in tests/goldens/posteriors, runs of 1000
// samples or particles a problem. `dotnet run -c Release eng/posteriors.cs [pattern [method [runs]]]` (all beds and methods, 2 runs) prints
// the sliced Wasserstein distance to exact samples and log Z beside those of the reference, and ends with 1 where one is too far from it.
// Some minutes.
using System.Globalization;
using System.Text.Json;
using Costate;
using static TorchSharp.torch;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
CpuLibraries.Prepare();
set_num_threads(1);
NoiseSchedule schedule = NoiseSchedule.VpLinear(0.1, 20);
TimeGrid grid = TimeGrid.UniformLogSnr(schedule, 100, 1, 1e-3);
string wanted = args.ElementAtOrDefault(1) ?? "";
int runs = args.Length > 2 ? int.Parse(args[2]) : 2;
(string Name, Func<JsonElement, ulong, (Tensor Sample, double? LogZ)> Draw)[] methods =
[
    ("exact-score", (problem, seed) => (FromExactScore(problem, seed), null)),
    ("dps-0.3", (problem, seed) =>
    {
        (Denoiser denoiser, Measurement measurement, Tensor start) = Prepare(problem, seed);
        var sampler = new GuidedSampler(denoiser, schedule, grid, GuidancePreset.Dps());
        return (sampler.Sample(start, null, measurement.Norm, seed).Sample, null);
    }),
    ("pigdm-var129", By(PosteriorMethod.PiGdm(DataCovariance.Isotropic(129)))),
    ("tmpd", By(PosteriorMethod.Tmpd())),
    ("ddnm", By(PosteriorMethod.Ddnm(1))),
    ("diffpir", By(PosteriorMethod.DiffPir(0.5))),
    ("daps", ByLevels(AnnealedMethod.Daps(100))),
    ("pnp-dm", ByLevels(AnnealedMethod.PnpDm())),
    ("tds-var1", Filtered(DataCovariance.Isotropic(1))),
    ("tds-var129", Filtered(DataCovariance.Isotropic(129))),
    ("tds-covariance", Filtered(DataCovariance.FromJacobian())),
];
bool missed = false;
foreach (string file in Directory.GetFiles("tests/goldens/posteriors", args.FirstOrDefault() ?? "bed-*.json").Order(StringComparer.Ordinal))
{
    using JsonDocument json = JsonDocument.Parse(File.ReadAllText(file));
    JsonElement summary = json.RootElement.GetProperty("summary");
    JsonElement[] problems = [.. json.RootElement.GetProperty("problems").EnumerateArray()];
    double floor = summary.GetProperty("floor").GetProperty("mean").GetDouble();
    Console.WriteLine($"{Path.GetFileNameWithoutExtension(file)}: floor {floor:F2}");
    foreach ((string name, var draw) in methods.Where(each => each.Name.StartsWith(wanted, StringComparison.Ordinal)))
    {
        List<double> distances = [], errors = [];
        foreach ((int number, JsonElement problem) in problems.Index())
        {
            for (int run = 0; run < runs; run++)
            {
                using var scope = NewDisposeScope();
                (Tensor sample, double? logZ) = draw(problem, (ulong)((1000 * run) + number));
                distances.Add(SlicedDistance(sample, Numbers(problem, "exact_samples"), Numbers(json.RootElement, "projections")));
                if (logZ is double found)
                {
                    errors.Add(found - problem.GetProperty("log_evidence").GetDouble());
                }
            }
        }

        // Problem by problem: the reference is the mean of two runs. What two runs of a problem differ by is known badly; both sides tell.
        JsonElement reference = summary.GetProperty(name);
        double of = reference.GetProperty("mean").GetDouble(), sd = reference.GetProperty("sd_of_one_run").GetDouble();
        double own = distances.Chunk(runs).Average(its => its.Sum(run => Math.Pow(run - its.Average(), 2)) / (runs - 1));
        double error = Math.Sqrt(((sd * sd / 2) + (own / runs)) / problems.Length);
        double mean = distances.Average();
        bool holds = name == "tds-var1" ? mean > 1.3 * floor && errors.Average() < -1
            : Math.Abs(mean - of) <= 3 * error
                && errors.All(each => Math.Abs(each) <= 1) && Math.Abs(errors.DefaultIfEmpty(0).Average()) <= 0.15;
        Console.WriteLine(
            $"  {name}: sliced W2 {mean:F3}, reference {of:F3}, {(mean - of) / error:F1} standard errors apart"
                + (errors.Count == 0 ? "" : $"; log Z off by {errors.Average():F3}, at most {errors.Max(Math.Abs):F2}")
                + (holds ? "" : "  MISSED"));
        missed |= !holds;
    }
}

return missed ? 1 : 0;

Func<JsonElement, ulong, (Tensor, double?)> Filtered(DataCovariance covariance) => (problem, seed) =>
{
    (Denoiser denoiser, Measurement measurement, _) = Prepare(problem, seed);
    Tensor start = ParticleSampler.DrawStart([1, 1000, problem.GetProperty("A")[0].GetArrayLength()], seed, ScalarType.Float64);
    ParticleSample sample = new ParticleSampler(denoiser, schedule, grid)
        .Sample(start, null, ParticleTarget.Posterior(measurement, covariance), seed);
    return (sample.Resampled()[0], sample.LogZ[0]);
};

Func<JsonElement, ulong, (Tensor, double?)> By(PosteriorMethod method) => (problem, seed) =>
{
    (Denoiser denoiser, Measurement measurement, Tensor start) = Prepare(problem, seed);
    return (new PosteriorSampler(denoiser, schedule, grid, method).Sample(start, null, measurement, seed).Sample, null);
};

Func<JsonElement, ulong, (Tensor, double?)> ByLevels(AnnealedMethod method) => (problem, seed) =>
{
    (Denoiser denoiser, Measurement measurement, Tensor start) = Prepare(problem, seed);
    return (new AnnealedSampler(denoiser, schedule, method).Sample(start, null, measurement, seed).Sample, null);
};

// Components at (8i, 8j) repeated, of unit covariance.
(Denoiser Denoiser, Measurement Measurement, Tensor Start) Prepare(JsonElement problem, ulong seed)
{
    Tensor matrix = Numbers(problem, "A");
    long dimension = matrix.shape[1];
    Tensor means = tensor(
        [
            .. from k in Enumerable.Range(0, 25)
               from d in Enumerable.Range(0, (int)dimension)
               select 8.0 * ((d % 2 == 0 ? k / 5 : k % 5) - 2),
        ],
        [25, dimension]);
    return (
        Mixture(Numbers(problem, "weights"), means, eye(dimension, dtype: ScalarType.Float64)),
        new Measurement(
            LinearOperator.FromMatrix(matrix), Numbers(problem, "y").unsqueeze(0), problem.GetProperty("noise").GetDouble()),
        StartNoise.Draw([1000, dimension], seed + 500, ScalarType.Float64));
}

// The posterior is a mixture too, whose score is known.
Tensor FromExactScore(JsonElement problem, ulong seed)
{
    Tensor means = Numbers(problem, "posterior_means");
    Denoiser denoiser = Mixture(Numbers(problem, "posterior_weights"), means, Numbers(problem, "posterior_covariance"));
    Tensor start = StartNoise.Draw([1000, means.shape[1]], seed + 500, ScalarType.Float64);
    return new Sampler(denoiser, schedule, Solver.Ddpm(), grid).Sample(start, null, BrownianPath.PerStep(seed));
}

// Components of one covariance: eps = sigma (alpha^2 S + sigma^2)^-1 (x - alpha E[mu | x]).
Denoiser Mixture(Tensor weights, Tensor means, Tensor covariance)
{
    (Tensor variances, Tensor axes) = linalg.eigh(covariance);
    Tensor along = means.mm(axes), logWeights = weights.log();
    return Denoiser.FromFunction(
        (x, t, z) =>
        {
            double time = t[0].item<double>(), alpha = schedule.Alpha(time), sigma = schedule.Sigma(time);
            Tensor precision = 1 / ((alpha * alpha * variances) + (sigma * sigma)), rows = x.mm(axes);
            Tensor logits = (rows * precision).mm(alpha * along.t())
                + (logWeights - (0.5 * alpha * alpha * (along.square() * precision).sum([1L])));
            return (sigma * (rows - (alpha * logits.softmax(1).mm(along))) * precision).mm(axes.t());
        },
        Prediction.Noise);
}

static double SlicedDistance(Tensor a, Tensor b, Tensor projections)
{
    Tensor first = a.mm(projections.t()).sort(0).Values, second = b.mm(projections.t()).sort(0).Values;
    return (first - second).square().mean().sqrt().item<double>();
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
