using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests.Latents;

public sealed class NoiseStateFileTests
{
    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear();

    [Fact]
    public void State_ComesBackBitForBit_AndDecodes()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Sampler sampler = NewSampler(Solver.Rex(ButcherTableau.Rk4));
        Tensor x0 = StartNoise.Draw([2, 3], 1);
        var state = (ReversibleNoise)sampler.Invert(x0);
        NoiseStateFile.Write(folder.PathTo("latent.safetensors"), state, new Dictionary<string, string> { ["note"] = "mine" });

        var read = (ReversibleNoise)
            NoiseStateFile.Read(folder.PathTo("latent.safetensors"), out IReadOnlyDictionary<string, string> remarks);
        Assert.Equal(ScalarType.Float64, read.States[1].dtype);
        Assert.All(
            state.States.Zip(read.States),
            pair => Assert.Equal(pair.First.data<double>().ToArray(), pair.Second.data<double>().ToArray()));
        Assert.All(
            state.Remainders!.Zip(read.Remainders!),
            pair => Assert.Equal(pair.First.data<double>().ToArray(), pair.Second.data<double>().ToArray()));
        Assert.True(read.Remainders![0].abs().max().item<double>() > 0);
        Assert.Equal(ScalarType.Float32, read.Dtype);
        Assert.Equal(state.Settings.OrderBy(s => s.Key), read.Settings.OrderBy(s => s.Key));
        Assert.Equal("mine", Assert.Single(remarks).Value);
        Assert.Equal(x0.data<float>().ToArray(), sampler.Sample(read).data<float>().ToArray());
    }

    [Fact]
    public void NoiseVectors_ComeBack()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Sampler sampler = NewSampler(Solver.SdeDpmSolver(1));
        Tensor x0 = StartNoise.Draw([2, 3], 1, ScalarType.Float64);
        NoiseStateFile.Write(folder.PathTo("latent.safetensors"), sampler.Invert(x0, noise: BrownianPath.PerStep(3)));
        var read = (EncodedNoise)NoiseStateFile.Read(folder.PathTo("latent.safetensors"));
        Assert.Equal([6, 2, 3], read.Vectors.shape);

        // The library's bound for CycleDiffusion.
        Assert.True(((sampler.Sample(read) - x0).abs().max() < 1e-11).item<bool>());
    }

    [Fact]
    public void OtherSettings_AreRefused_WithWhatDiffers()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        NoiseStateFile.Write(
            folder.PathTo("latent.safetensors"),
            NewSampler(Solver.Rex(ButcherTableau.Euler)).Invert(StartNoise.Draw([1, 3], 1)));
        NoiseState read = NoiseStateFile.Read(folder.PathTo("latent.safetensors"));
        Differs(NewSampler(Solver.Rex(ButcherTableau.Rk4)), "solver:", "rk4");
        Differs(NewSampler(Solver.Rex(ButcherTableau.Euler, 0.99)), "solver:", "0.999", "coupling 0.99'");
        Differs(NewSampler(Solver.Rex(ButcherTableau.Euler, prediction: Prediction.Noise)), "solver:", "Noise");
        Differs(NewSampler(Solver.Rex(ButcherTableau.Euler), steps: 7), "grid:", "6 steps", "7 steps");
        Differs(NewSampler(Solver.Rex(ButcherTableau.Euler), end: 0.06), "grid:", "0.06");
        Differs(NewSampler(Solver.Rex(ButcherTableau.Euler), schedule: NoiseSchedule.VpLinear(0.1, 19)), "schedule:", "19");
        Differs(NewSampler(Solver.Rex(ButcherTableau.Euler), prediction: Prediction.Data), "prediction:", "Data");

        void Differs(Sampler other, params string[] says)
        {
            string message = Assert.Throws<ArgumentException>(() => { other.Sample(read); }).Message;
            Assert.All(says, text => Assert.Contains(text, message, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("noise_state.version", null, "no noise_state.version")]
    [InlineData("noise_state.version", "1", "version '1'", "expected 2")]
    [InlineData("noise_state.version", "3", "version '3'", "expected 2")]
    [InlineData("noise_state.states", null, "no noise_state.states")]
    [InlineData("noise_state.states", "3", "'3'", "1 or 2")]
    [InlineData("noise_state.dtype", null, "no noise_state.dtype")]
    [InlineData("noise_state.dtype", "I64", "'I64'", "F32")]
    [InlineData("noise_state.setting.solver", null, "no settings")]
    public void MissingMetadata_IsNamed(string key, string? value, params string[] says)
    {
        Dictionary<string, string> metadata = Metadata();
        if (value is null)
        {
            metadata.Remove(key);
        }
        else
        {
            metadata[key] = value;
        }

        using var scope = NewDisposeScope();
        Refused([("state.0", zeros(1, 3)), ("state.1", zeros(1, 3))], metadata, says);
    }

    [Fact]
    public void MissingOrOddTensors_AreNamed()
    {
        using var scope = NewDisposeScope();
        Tensor state = zeros(1, 3);
        Refused([("state.0", state)], Metadata(), "no tensor state.1");
        Refused([("state.1", state)], Metadata(), "no tensor state.0");
        Refused([("state.0", state), ("state.1", state), ("state.2", state)], Metadata(), "'state.2'");
        Refused([("state.0", state), ("state.1", zeros(1, 4))], Metadata(), "state.1 is F32 [1, 4]", "[1, 3]");
        Refused([("state.0", zeros(Array.Empty<long>())), ("state.1", state)], Metadata(), "state.0", "[batch, ...]");
        Refused([("state.0", state), ("state.1", zeros(1, 3, ScalarType.Int64))], Metadata(), "I64");
        Refused([("state.0", state), ("state.1", state), ("noise_vectors", zeros(4, 1, 3))], Metadata(), "'noise_vectors'");
        Dictionary<string, string> one = new(Metadata()) { ["noise_state.states"] = "1" };
        Refused([("state.0", state), ("noise_vectors", zeros(4, 1, 2))], one, "noise_vectors", "[steps, 1, 3]");
        Refused([("state.0", state), ("remainder.0", state)], one, "'remainder.0'");
        Refused([("state.0", state), ("state.1", full([1, 3], float.NaN))], Metadata(), "state.1 has NaN");
    }

    [Fact]
    public void Condition_ComesBack_OrIsRefused()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = folder.PathTo("latent.safetensors");
        using var state = new InvertedNoise(zeros(2, 3), ScalarType.Float32, new Dictionary<string, string> { ["solver"] = "s" });
        NoiseStateFile.Write(path, state);
        Assert.Null(NoiseStateFile.ReadCondition(path));
        Tensor condition = StartNoise.Draw([2, 5], 1);
        NoiseStateFile.Write(path, state, condition: condition);
        Assert.Equal(condition.data<float>().ToArray(), NoiseStateFile.ReadCondition(path)!.data<float>().ToArray());
        Assert.Equal([2, 3], NoiseStateFile.Read(path).Start.shape);
        string message = Assert.Throws<ArgumentException>(() => NoiseStateFile.Write(path, state, condition: zeros(3, 5))).Message;
        Assert.Contains("[3, 5] for a batch of 2", message, StringComparison.Ordinal);
        foreach (
            (Tensor bad, string says) in new[] { (zeros(3, 5), "condition is F32 [3, 5]"), (full([1, 5], float.NaN), "condition has NaN") })
        {
            SafetensorsFile.Write(path, new Dictionary<string, Tensor> { ["state.0"] = zeros(2, 3), ["condition"] = bad }, Metadata());
            Assert.Contains(
                says,
                Assert
                    .Throws<InvalidDataException>(() =>
                    {
                        NoiseStateFile.ReadCondition(path);
                    })
                    .Message,
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void DamagedFiles_AreSaidToBe()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = folder.PathTo("latent.safetensors");
        Assert.Contains(
            "no such file",
            Assert
                .Throws<SafetensorsException>(() =>
                {
                    NoiseStateFile.Read(path);
                })
                .Message,
            StringComparison.Ordinal);
        NoiseStateFile.Write(path, NewSampler(Solver.Rex(ButcherTableau.Euler)).Invert(StartNoise.Draw([1, 3], 1)));
        byte[] whole = File.ReadAllBytes(path);
        foreach (int length in new[] { 0, 7, 30, whole.Length - 1 })
        {
            File.WriteAllBytes(path, whole[..length]);
            Assert.Throws<SafetensorsException>(() => { NoiseStateFile.Read(path); });
        }
    }

    [Fact]
    public void Remarks_MayNotPassForTheFilesOwn()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var state = new InvertedNoise(zeros(1, 3), ScalarType.Float32, new Dictionary<string, string> { ["solver"] = "s" });
        Assert.Throws<ArgumentException>(() =>
            NoiseStateFile.Write(folder.PathTo("x"), state, new Dictionary<string, string> { ["noise_state.version"] = "9" }));
        Assert.Empty(folder.Files);
    }

    private static Dictionary<string, string> Metadata() => new()
    {
        ["noise_state.version"] = "2",
        ["noise_state.states"] = "2",
        ["noise_state.dtype"] = "F32",
        ["noise_state.setting.solver"] = "Rex",
    };

    private static void Refused((string Name, Tensor Value)[] tensors, Dictionary<string, string> metadata, params string[] says)
    {
        using var folder = new TemporaryFolder();
        SafetensorsFile.Write(folder.PathTo("latent.safetensors"), tensors.ToDictionary(t => t.Name, t => t.Value), metadata);
        string message = Assert.Throws<InvalidDataException>(() => { NoiseStateFile.Read(folder.PathTo("latent.safetensors")); }).Message;
        Assert.All([.. says, "latent.safetensors"], text => Assert.Contains(text, message, StringComparison.Ordinal));
    }

    private static Sampler NewSampler(
        Solver solver,
        int steps = 6,
        double end = 0.05,
        NoiseSchedule? schedule = null,
        Prediction prediction = Prediction.Noise)
    {
        var denoiser = Denoiser.FromFunction((x, t, _) => x.tanh().mul(0.7).add_(t.unsqueeze(1).mul(0.1)), prediction);
        return new(denoiser, schedule ?? Schedule, solver, TimeGrid.UniformLogSnr(schedule ?? Schedule, steps, 1, end));
    }
}
