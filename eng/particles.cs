#:package TorchSharp-cpu
#:project ../src/Costate/Costate.csproj

// The twisted diffusion sampler on posteriors that are known exactly: the beds of 25 components in tests/goldens/posteriors, with 1000
// particles. `dotnet run -c Release eng/particles.cs` prints the sliced Wasserstein distance to exact samples and log Z beside those of the
// reference, and ends with 1 where a figure is missed. Some minutes.
using System.Globalization;
using System.Text.Json;
using Costate;
using static TorchSharp.torch;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
CpuLibraries.Prepare();
set_num_threads(1);
NoiseSchedule schedule = NoiseSchedule.VpLinear(0.1, 20);
TimeGrid grid = TimeGrid.UniformLogSnr(schedule, 100, 1, 1e-3);
(string Name, DataCovariance? Covariance)[] methods =
[
    ("exact-score", null),
    ("tds-var1", DataCovariance.Isotropic(1)),
    ("tds-var129", DataCovariance.Isotropic(129)),
    ("tds-covariance", DataCovariance.FromJacobian()),
];
bool missed = false;
foreach (string file in Directory.GetFiles("tests/goldens/posteriors", "bed-*.json").Order(StringComparer.Ordinal))
{
    using JsonDocument json = JsonDocument.Parse(File.ReadAllText(file));
    JsonElement summary = json.RootElement.GetProperty("summary");
    JsonElement[] problems = [.. json.RootElement.GetProperty("problems").EnumerateArray()];
    double floor = summary.GetProperty("floor").GetProperty("mean").GetDouble();
    Console.WriteLine($"{Path.GetFileNameWithoutExtension(file)}: floor {floor:F2}");
    foreach ((string name, DataCovariance? covariance) in methods)
    {
        List<double> distances = [], errors = [];
        foreach ((int number, JsonElement problem) in problems.Index())
        {
            using var scope = NewDisposeScope();
            Tensor sample;
            if (covariance is null)
            {
                sample = FromExactScore(problem, number);
            }
            else
            {
                (sample, double logZ) = Filtered(problem, covariance, number);
                errors.Add(logZ - problem.GetProperty("log_evidence").GetDouble());
            }

            distances.Add(SlicedDistance(sample, Numbers(problem, "exact_samples"), Numbers(json.RootElement, "projections")));
        }

        // Problem by problem: the reference is the mean of two runs, this is one.
        double of = summary.GetProperty(name).GetProperty("mean").GetDouble();
        double error = summary.GetProperty(name).GetProperty("sd_of_one_run").GetDouble() * Math.Sqrt(1.5 / problems.Length);
        double mean = distances.Average();
        bool holds = name == "tds-var1"
            ? mean > 1.3 * floor && errors.Average() < -1
            : Math.Abs(mean - of) <= 3 * error
                && (covariance is null || (Math.Abs(errors.Average()) <= 0.15 && errors.Max(Math.Abs) <= 1));
        Console.WriteLine(
            $"  {name}: sliced W2 {mean:F3}, reference {of:F3}, {(mean - of) / error:F1} standard errors apart"
                + (covariance is null ? "" : $"; log Z off by {errors.Average():F3}, at most {errors.Max(Math.Abs):F2}")
                + (holds ? "" : "  MISSED"));
        missed |= !holds;
    }
}

return missed ? 1 : 0;

(Tensor Sample, double LogZ) Filtered(JsonElement problem, DataCovariance covariance, int number)
{
    // Components at (8i, 8j) repeated, of unit covariance.
    Tensor matrix = Numbers(problem, "A"), weights = Numbers(problem, "weights");
    long dimension = matrix.shape[1];
    Tensor means = tensor(
        [
            .. from k in Enumerable.Range(0, 25)
               from d in Enumerable.Range(0, (int)dimension)
               select 8.0 * ((d % 2 == 0 ? k / 5 : k % 5) - 2),
        ],
        [25, dimension]);
    var measurement = new Measurement(
        LinearOperator.FromMatrix(matrix), Numbers(problem, "y").unsqueeze(0), problem.GetProperty("noise").GetDouble());
    var sampler = new ParticleSampler(Mixture(weights, means, eye(dimension, dtype: ScalarType.Float64)), schedule, grid);
    Tensor start = ParticleSampler.DrawStart([1, 1000, dimension], (ulong)(100 + number), ScalarType.Float64);
    ParticleSample sample = sampler.Sample(start, null, ParticleTarget.Posterior(measurement, covariance), (ulong)(200 + number));
    return (sample.Resampled()[0], sample.LogZ[0]);
}

// The posterior is a mixture too, whose score is known.
Tensor FromExactScore(JsonElement problem, int number)
{
    Tensor means = Numbers(problem, "posterior_means");
    Denoiser denoiser = Mixture(Numbers(problem, "posterior_weights"), means, Numbers(problem, "posterior_covariance"));
    Tensor start = StartNoise.Draw([1000, means.shape[1]], (ulong)(300 + number), ScalarType.Float64);
    return new Sampler(denoiser, schedule, Solver.Ddpm(), grid).Sample(start, null, BrownianPath.PerStep((ulong)number));
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
