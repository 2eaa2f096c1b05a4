using Costate.Experiments.Mixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Reversibility;

/// <summary>The mixture of Gaussians of the gradient study, for many points at once.</summary>
internal sealed class MixtureInversion : InversionProblem
{
    private const int Points = 64;
    private const int StepsOfData = 100;
    private const ulong NoiseSeed = 11;
    private const ulong DataSeed = 12;

    private readonly MixtureProblem mixture = new();

    internal MixtureInversion()
        : base(
            "mixture",
            "mixture of Gaussians",
            "three Gaussians in the plane, 64 points; noise prediction in closed form, rounded to 32 bits",
            Prediction.Noise,
            null,
            work: 1)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Condition = mixture.Condition.expand([Points, 2]).contiguous().DetachFromDisposeScope();
        Noise = Rounded(StartNoise.Draw([Points, 2], NoiseSeed));
        var sampler = new Sampler(mixture.Denoiser, Schedule, Solver.DpmSolverPlusPlus(2), Grid(StepsOfData));
        Data = Rounded(sampler.Sample(StartNoise.Draw([Points, 2], DataSeed, ScalarType.Float64), Condition));
    }

    internal override NoiseSchedule Schedule => mixture.Schedule;

    internal override Tensor Data { get; }

    internal override Tensor Noise { get; }

    internal override Tensor Condition { get; }

    public override void Dispose()
    {
        mixture.Dispose();
        Data.Dispose();
        Noise.Dispose();
        Condition.Dispose();
    }

    private protected override Tensor Network(Tensor x, Tensor t, Tensor? z) =>
        mixture.NoisePrediction(x.to(ScalarType.Float64), t.to(ScalarType.Float64), z!.to(ScalarType.Float64));
}
