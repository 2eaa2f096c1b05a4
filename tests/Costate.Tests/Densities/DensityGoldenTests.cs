using System.Text.Json;
using Costate.Testing;
using TorchSharp;
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
        Tensor xT = First(Matrix(json.RootElement, "x_T"));
        foreach (JsonElement run in json.RootElement.GetProperty("runs").EnumerateArray())
        {
            using var inner = NewDisposeScope();
            Sampler sampler = mixture.Sampler(Named(run.GetProperty("solver").GetString()!), run.GetProperty("steps").GetInt32());
            DensitySample sample = sampler.LogDensity(xT, null, mixture.Start);
            AreWithin(First(Matrix(run, "x_0")), sample.Sample, 1e-10);
            AreWithin(First(Vector(run, "log_det")), sample.LogDeterminant, 1e-9);
            AreWithin(First(Vector(run, "sign")), sample.Sign, 0);
            AreWithin(First(Vector(run, "log_q")), sample.LogDensity, 1e-8);
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
            Tensor xT = Matrix(path, "x_T");
            Tensor noise = tensor(
                path.GetProperty("noise").Deserialize<double[][][]>()!.SelectMany(rows => rows.SelectMany(row => row)).ToArray(),
                [steps, .. xT.shape]);
            PathSample sample = mixture.Sampler(solver, steps)
                .LogPathDensity(xT, null, BrownianPath.Recorded(noise), mixture.Start);
            AreWithin(Matrix(path, "x_0"), sample.Sample, 1e-10);
            AreWithin(Matrix(path, "increments"), sample.Increments, 1e-8);
            AreWithin(Vector(path, "log_weight"), mixture.LogDensity(sample.Sample, 1e-3) - sample.LogDensity, 1e-8);
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
        Tensor x = First(Matrix(likelihood, "x"));
        foreach (JsonElement run in likelihood.GetProperty("runs").EnumerateArray())
        {
            using var inner = NewDisposeScope();
            Sampler sampler = mixture.Sampler(Named(run.GetProperty("solver").GetString()!), run.GetProperty("steps").GetInt32());
            DataLikelihood trace = sampler.LogLikelihood(x, null, mixture.Start);
            AreWithin(First(Matrix(run, "x_T")), trace.StartNoise, 1e-9);
            AreWithin(First(Vector(run, "log_det_trace")), trace.LogDeterminant, 1e-9);
            AreWithin(First(Vector(run, "log_density_trace")), trace.LogDensity, 1e-8);
            DataLikelihood jacobian = sampler.LogLikelihood(
                x, null, mixture.Start, new LikelihoodOptions { Way = LikelihoodWay.Jacobian });
            AreWithin(First(Vector(run, "log_det_jacobian")), jacobian.LogDeterminant, 1e-9);
            AreWithin(First(Vector(run, "log_density_jacobian")), jacobian.LogDensity, 1e-8);
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

    private static Tensor Vector(JsonElement json, string name) => tensor(json.GetProperty(name).Deserialize<double[]>()!);

    private static Tensor Matrix(JsonElement json, string name)
    {
        double[][] rows = json.GetProperty(name).Deserialize<double[][]>()!;
        return tensor(rows.SelectMany(row => row).ToArray(), [rows.Length, rows[0].Length]);
    }

    // A dozen items, which keep the test short.
    private static Tensor First(Tensor all) => all.narrow(0, 0, Math.Min(12, all.shape[0]));

    // Largest difference, relative to the largest value where that is more than 1.
    private static void AreWithin(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        double scale = Math.Max(1, expected.abs().max().ToDouble());
        Assert.InRange((actual - expected).abs().max().ToDouble() / scale, 0, tolerance);
    }
}
