using System.Text.Json;
using Costate.Testing;
using static Costate.Tests.GoldenNumbers;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Steps of the closed-form methods, and what a state says of a measurement, against those of other programs.</summary>
public sealed class PosteriorGoldenTests
{
    public static TheoryData<string> GuidedSteps => Files("guided-steps*.json");

    public static TheoryData<string> DecoupledSteps => Files("decoupled-steps*.json");

    public static TheoryData<string> Gaussians => Files("linear-gaussian*.json");

    [Theory]
    [MemberData(nameof(GuidedSteps))]
    public void Steps_AreTheReferences(string file)
    {
        using var scope = NewDisposeScope();
        using JsonDocument json = Read(file);
        foreach (JsonElement problem in json.RootElement.GetProperty("problems").EnumerateArray())
        {
            CorrelatedMixture mixture = CorrelatedMixture.Of(problem);
            LinearOperator a = LinearOperator.FromMatrix(problem.Numbers("A"));
            foreach (JsonElement step in problem.GetProperty("steps").EnumerateArray())
            {
                using var inner = NewDisposeScope();
                var measurement = new Measurement(a, step.Numbers("y").unsqueeze(0), problem.Number("noise"));
                var exact = new Measurement(a, step.Numbers("y").unsqueeze(0));
                foreach (string name in new[] { "pigdm", "pigdm-2.5" })
                {
                    JsonElement expected = step.GetProperty(name);
                    var covariance = DataCovariance.Isotropic(expected.Number("data_variance"));
                    DataEstimate estimate = covariance.Estimate(At(mixture, step, measurement, 1), false);
                    AreWithin(step.Numbers("data_prediction"), estimate.Data[0], 1e-10);
                    AreWithin(expected.Numbers("score"), estimate.Score[0], 1e-10);
                    Check(expected.Numbers("ddim"), mixture, step, measurement, PosteriorMethod.PiGdm(covariance, 0));
                    Check(expected.Numbers("sde"), mixture, step, measurement, PosteriorMethod.PiGdm(covariance));
                    Check(expected.Numbers("ddim_additive"), mixture, step, measurement, PosteriorMethod.PiGdm(covariance, 0, additive: true));
                }

                JsonElement free = step.GetProperty("pigdm-noise-free");
                Check(free.Numbers("ddim_additive"), mixture, step, exact, PosteriorMethod.PiGdm(eta: 0, additive: true));
                JsonElement tmpd = step.GetProperty("tmpd");
                AreWithin(
                    tmpd.Numbers("score"),
                    DataCovariance.FromJacobian().Estimate(At(mixture, step, measurement, 1), false).Score[0],
                    1e-10);
                Check(tmpd.Numbers("ddim"), mixture, step, measurement, PosteriorMethod.Tmpd(0));
                Check(tmpd.Numbers("sde"), mixture, step, measurement, PosteriorMethod.Tmpd());
                JsonElement ddnm = step.GetProperty("ddnm");
                Check(ddnm.Numbers("ddim"), mixture, step, measurement, PosteriorMethod.Ddnm(0));
                Check(ddnm.Numbers("sde"), mixture, step, measurement, PosteriorMethod.Ddnm(1));

                // Where a variance is 0 the reference has the root of what rounding left of it, 5e-9.
                Check(step.GetProperty("ddnm-plus").Numbers("state"), mixture, step, measurement, PosteriorMethod.DdnmPlus(), 1e-8);
                foreach (JsonProperty each in step.EnumerateObject().Where(p => p.Name.StartsWith("diffpir", StringComparison.Ordinal)))
                {
                    PosteriorMethod method = PosteriorMethod.DiffPir(each.Value.Number("strength"), each.Value.Number("xi"));
                    Check(each.Value.Numbers("state"), mixture, step, measurement, method);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Gaussians))]
    public void Likelihood_OfAGaussian_IsExact(string file)
    {
        using var scope = NewDisposeScope();
        using JsonDocument json = Read(file);
        foreach (JsonElement problem in json.RootElement.GetProperty("problems").EnumerateArray())
        {
            var mixture = new CorrelatedMixture(
                [1],
                [problem.GetProperty("prior_mean").Deserialize<double[]>()!],
                [problem.GetProperty("prior_covariance").Deserialize<double[][]>()!]);
            var measurement = new Measurement(
                LinearOperator.FromMatrix(problem.Numbers("A")), problem.Numbers("y").unsqueeze(0), problem.Number("noise"));
            foreach (JsonElement at in problem.GetProperty("guided").EnumerateArray())
            {
                using var inner = NewDisposeScope();
                TimeGrid grid = TimeGrid.FromTimes([at.Number("t"), at.Number("t") / 2]);
                DataEstimate estimate = DataCovariance.FromJacobian().Estimate(
                    Step(mixture, grid, at.Numbers("x").unsqueeze(0), measurement, 1, () => zeros(1)), true);
                AreWithin(at.Numbers("likelihood_score"), estimate.Score[0], 1e-9);
                Assert.Equal(at.Number("log_likelihood"), estimate.LogLikelihood!.item<double>(), 1e-9);
                AreWithin(
                    at.Numbers("data_prediction_given_y"),
                    (estimate.Data + (estimate.Score * Math.Pow(mixture.Schedule.Sigma(grid.Start), 2) / mixture.Schedule.Alpha(grid.Start)))[0],
                    1e-9);
            }
        }
    }

    [Theory]
    [MemberData(nameof(DecoupledSteps))]
    public void DecoupledSteps_AreTheReferences(string file)
    {
        using var scope = NewDisposeScope();
        using JsonDocument json = Read(file);
        CorrelatedMixture mixture = CorrelatedMixture.Of(json.RootElement);
        LinearOperator a = LinearOperator.FromMatrix(json.RootElement.Numbers("A"));
        foreach (JsonElement at in json.RootElement.GetProperty("steps").EnumerateArray())
        {
            using var inner = NewDisposeScope();
            double level = at.Number("level");
            Tensor x = at.Numbers("x").unsqueeze(0);
            var measurement = new Measurement(a, at.Numbers("y").unsqueeze(0), json.RootElement.Number("noise"));
            var step = new AnnealedStep(
                mixture.Denoiser(), mixture.Schedule, 0, level, 0, x, measurement, (sampler, from) => sampler.Sample(from), like => zeros_like(like));
            Assert.Equal(at.Number("t"), step.Time(level), 1e-12);
            Tensor flow = step.Down(Solver.Ddim(), 5, x);
            AreWithin(at.Numbers("flow"), flow[0], 1e-9);

            // Zeros draw the mean; unit vectors a root of the covariance.
            (Tensor none, Tensor nothing) = (zeros_like(x), zeros(1, measurement.Observation.shape[1], ScalarType.Float64));
            var posterior = new GaussianPosterior(measurement, flow, level);
            Tensor mean = posterior.Draw(none, nothing);
            AreWithin(at.Numbers("mean"), mean[0], 1e-9);
            Tensor ofData = eye(x.shape[1], dtype: ScalarType.Float64), ofMeasurement = eye(nothing.shape[1], dtype: ScalarType.Float64);
            Tensor root = cat(
                [
                    .. Enumerable.Range(0, (int)x.shape[1]).Select(i => posterior.Draw(ofData[i].unsqueeze(0), nothing) - mean),
                    .. Enumerable.Range(0, (int)nothing.shape[1]).Select(i => posterior.Draw(none, ofMeasurement[i].unsqueeze(0)) - mean),
                ],
                0);
            AreWithin(at.Numbers("covariance"), root.t().mm(root), 1e-9);
            AreWithin(at.Numbers("pnp_mean"), new GaussianPosterior(measurement, x, level).Draw(none, nothing)[0], 1e-9);
            JsonElement langevin = at.GetProperty("langevin");
            Tensor normals = langevin.Numbers("normals"), states = langevin.Numbers("states"), state = flow;
            for (int i = 0; i < normals.shape[0]; i++)
            {
                state = posterior.Langevin(state, normals[i].unsqueeze(0), langevin.Number("rate"));
                AreWithin(states[i], state[0], 1e-9);
            }
        }
    }

    private static void Check(
        Tensor expected, CorrelatedMixture mixture, JsonElement step, Measurement measurement, PosteriorMethod method, double tolerance = 1e-10)
    {
        Tensor next = method.Take(At(mixture, step, measurement, method.Eta)).Next;
        AreWithin(expected, next[0], tolerance);
    }

    private static PosteriorStep At(CorrelatedMixture mixture, JsonElement step, Measurement measurement, double eta) => Step(
        mixture,
        TimeGrid.FromTimes([step.Number("t"), step.Number("next")]),
        step.Numbers("x").unsqueeze(0),
        measurement,
        eta,
        () => step.Numbers("normal").unsqueeze(0));

    private static PosteriorStep Step(
        CorrelatedMixture mixture, TimeGrid grid, Tensor x, Measurement measurement, double eta, Func<Tensor> noise)
    {
        (Sampler sampler, GuidedStep[] steps) = PosteriorSampler.Prepared(mixture.Denoiser(), mixture.Schedule, grid, eta);
        return new PosteriorStep(sampler.Checked(x, null, null, null, default), steps[0], x, measurement, noise);
    }

    private static TheoryData<string> Files(string pattern) =>
        [.. Directory.GetFiles(Goldens.PathTo("posteriors"), pattern).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static JsonDocument Read(string file) => JsonDocument.Parse(File.ReadAllText(Goldens.PathTo("posteriors", file)));
}
