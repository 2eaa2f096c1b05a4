using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>U-Nets and classifiers against guided-diffusion itself, whatever folders are there.</summary>
public sealed class AdmGoldenTests
{
    // Two float32 implementations of some 40 layers, which differ by the order of their sums. Asked for is 1e-4.
    private const double Tolerance = 2e-5;

    public static TheoryData<string> Names =>
        [.. Directory.GetDirectories(Goldens.PathTo("adm")).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void OutputAndVjp_MatchGuidedDiffusion(string name)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected($"adm/{name}");
        foreach ((ScalarType dtype, AttentionKind kind, bool recomputes) in new[]
        {
            (ScalarType.Float64, AttentionKind.Products, false), (ScalarType.Float32, AttentionKind.Fused, true),
        })
        {
            (nn.Module module, Func<Tensor, Tensor> call) = Open(name, Config(name), dtype, expected);
            using (module)
            {
                Set(module, kind, recomputes);
                (Tensor output, Tensor[] products) = Vjp.Take(
                    x => call(x[0]), expected["cotangent"].to(dtype), expected["input.x"].to(dtype));
                Near.Equal(expected["output"].to(dtype), output, Tolerance);
                Near.Equal(expected["vjp.x"].to(dtype), products[0], Tolerance);
            }
        }
    }

    // The names of the file are all there and no others, or it would not load; the flags must be told from others.
    [Theory]
    [MemberData(nameof(Names))]
    public void OutputOfAWrongFlag_IsFoundOut(string name)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected($"adm/{name}");
        AdmConfig right = Config(name);
        Assert.Empty(right.IgnoredOptions);
        (nn.Module module, Func<Tensor, Tensor> call) = Open(
            name, right with { UseNewAttentionOrder = !right.UseNewAttentionOrder }, ScalarType.Float32, expected);
        using (module)
        {
            // Below the effect of a swapped order of heads, above that of rounding.
            Assert.True(Near.Relative(expected["output"], call(expected["input.x"])) > 10 * Tolerance);
        }
    }

    // A learned variance is left out of what a sampler sees, and classes are its condition.
    [Theory]
    [MemberData(nameof(Names))]
    public void Denoiser_SamplesAndReachesTheNoise(string name)
    {
        using var scope = NewDisposeScope();
        AdmConfig config = Config(name);
        if (config.Pool is not null)
        {
            return;
        }

        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected($"adm/{name}");
        using AdmUNetModel network = AdmUNetModel.FromPretrained(GoldenFolders.PathTo($"adm/{name}/model.pt"), config);
        Tensor x = expected["input.x"];
        Tensor? y = expected.GetValueOrDefault("input.y");
        Denoiser denoiser = network.ToDenoiser();
        Tensor direct = network.forward(x, full([2], 499f), y)[.., ..config.InChannels];
        Near.Equal(direct, denoiser.Call(x, 0.5, y), 1e-6);
        var sampler = new Sampler(denoiser, NoiseSchedule.VpLinear(), Solver.Ddim(), TimeGrid.Uniform(3));
        Assert.True(sampler.Gradient(x, y, sample => sample.square().sum([1, 2, 3])).StartNoise.abs().max().item<float>() > 0);
        if (config.NumClasses is { } classes)
        {
            Assert.Contains($"token {classes}", Assert.Throws<InputException>(
                () => { network.forward(x, ones(2), full([2], classes, ScalarType.Int64)); }).Message, StringComparison.Ordinal);
        }

        Assert.Equal("y", Assert.Throws<InputException>(() => { network.forward(x, ones(2), y is null ? ones(2) : null); }).ParamName);
    }

    private static AdmConfig Config(string name) => AdmConfig.Read(GoldenFolders.PathTo($"adm/{name}/config.json"));

    private static (nn.Module Module, Func<Tensor, Tensor> Call) Open(
        string name, AdmConfig config, ScalarType dtype, IReadOnlyDictionary<string, Tensor> expected)
    {
        string weights = GoldenFolders.PathTo($"adm/{name}/model.pt");
        Tensor t = expected["input.t"];
        if (config.Pool is not null)
        {
            AdmClassifier classifier = AdmClassifier.FromPretrained(weights, config, dtype: dtype, trainable: true);
            return (classifier, x => classifier.call(x, t));
        }

        AdmUNetModel network = AdmUNetModel.FromPretrained(weights, config, dtype: dtype, trainable: true);
        return (network, x => network.forward(x, t, expected.GetValueOrDefault("input.y")));
    }

    private static void Set(nn.Module module, AttentionKind kind, bool recomputes)
    {
        if (module is AdmUNetModel network)
        {
            (network.Attention, network.GradientCheckpointing) = (kind, recomputes);
        }
        else if (module is AdmClassifier classifier)
        {
            (classifier.Attention, classifier.GradientCheckpointing) = (kind, recomputes);
        }
    }
}
