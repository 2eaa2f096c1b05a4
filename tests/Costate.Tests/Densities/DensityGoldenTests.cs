using System.Text.Json;
using Costate.Testing;
using static Costate.Tests.GoldenNumbers;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Densities of samples, path weights and likelihoods against those of other programs.</summary>
public sealed class DensityGoldenTests
{
    public static TheoryData<string> Files =>
        [.. Directory.GetFiles(Goldens.PathTo("densities"), "*.json").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void LogDensity_IsTheReferences(string file)
    {
        using var scope = NewDisposeScope();
        using JsonDocument json = Read(file);
        CorrelatedMixture mixture = CorrelatedMixture.Of(json.RootElement);
        Tensor xT = First(json.RootElement.Numbers("x_T"));
        foreach (JsonElement run in json.RootElement.GetProperty("runs").EnumerateArray())
        {
            using var inner = NewDisposeScope();
            Sampler sampler = mixture.Sampler(Named(run.GetProperty("solver").GetString()!), run.GetProperty("steps").GetInt32());
            DensitySample sample = sampler.LogDensity(xT, null, mixture.Start);
            AreWithin(First(run.Numbers("x_0")), sample.Sample, 1e-10);
            AreWithin(First(run.Numbers("log_det")), sample.LogDeterminant, 1e-9);
            AreWithin(First(run.Numbers("sign")), sample.Sign, 0);
            AreWithin(First(run.Numbers("log_q")), sample.LogDensity, 1e-8);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void LogPathDensity_IsTheReferences(string file)
    {
        using var scope = NewDisposeScope();
        using JsonDocument json = Read(file);
        CorrelatedMixture mixture = CorrelatedMixture.Of(json.RootElement);
        foreach (JsonElement path in json.RootElement.GetProperty("paths").EnumerateArray())
        {
            int steps = path.GetProperty("steps").GetInt32();
            Solver solver = Solver.Ddpm(largeVariance: path.GetProperty("variance").GetString() == "large");
            Tensor xT = path.Numbers("x_T");
            PathSample sample = mixture.Sampler(solver, steps)
                .LogPathDensity(xT, null, BrownianPath.Recorded(path.Numbers("noise")), mixture.Start);
            AreWithin(path.Numbers("x_0"), sample.Sample, 1e-10);
            AreWithin(path.Numbers("increments"), sample.Increments, 1e-8);
            AreWithin(path.Numbers("log_weight"), mixture.LogDensity(sample.Sample, 1e-3) - sample.LogDensity, 1e-8);
        }
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void LogLikelihood_IsTheReferences(string file)
    {
        using var scope = NewDisposeScope();
        using JsonDocument json = Read(file);
        CorrelatedMixture mixture = CorrelatedMixture.Of(json.RootElement);
        JsonElement likelihood = json.RootElement.GetProperty("likelihood");
        Tensor x = First(likelihood.Numbers("x"));
        foreach (JsonElement run in likelihood.GetProperty("runs").EnumerateArray())
        {
            using var inner = NewDisposeScope();
            Sampler sampler = mixture.Sampler(Named(run.GetProperty("solver").GetString()!), run.GetProperty("steps").GetInt32());
            DataLikelihood trace = sampler.LogLikelihood(x, null, mixture.Start);
            AreWithin(First(run.Numbers("x_T")), trace.StartNoise, 1e-9);
            AreWithin(First(run.Numbers("log_det_trace")), trace.LogDeterminant, 1e-9);
            AreWithin(First(run.Numbers("log_density_trace")), trace.LogDensity, 1e-8);
            DataLikelihood jacobian = sampler.LogLikelihood(
                x, null, mixture.Start, new LikelihoodOptions { Way = LikelihoodWay.Jacobian });
            AreWithin(First(run.Numbers("log_det_jacobian")), jacobian.LogDeterminant, 1e-9);
            AreWithin(First(run.Numbers("log_density_jacobian")), jacobian.LogDensity, 1e-8);
        }
    }

    private static Solver Named(string name) => name switch
    {
        "ddim" => Solver.Ddim(),
        "dpmpp2m" => Solver.DpmSolverPlusPlus(),
        "rk4" => Solver.ExponentialRungeKutta(ButcherTableau.Rk4),
        "dopri5" => Solver.ExponentialRungeKutta(ButcherTableau.DormandPrince),
        "rex-euler" => Solver.Rex(ButcherTableau.Euler),
        "rex-rk4" => Solver.Rex(ButcherTableau.Rk4),
        _ => throw new InvalidDataException($"Got solver {name}."),
    };

    private static JsonDocument Read(string file) => JsonDocument.Parse(File.ReadAllText(Goldens.PathTo("densities", file)));

    // A dozen items, which keep the test short.
    private static Tensor First(Tensor all) => all.narrow(0, 0, Math.Min(12, all.shape[0]));
}
