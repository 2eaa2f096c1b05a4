using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Mixtures;

/// <summary>
/// A problem with a known answer: a mixture of three Gaussians in the plane, its centres shifted by the condition z, on the
/// variance-preserving linear schedule. Its noise prediction has a closed form, so the only error is that of the solver.
/// </summary>
/// <remarks>
/// eps(x, z, t) = -sigma grad log p_t(x), where component k of p_t is N(alpha (mean_k + z), (alpha^2 s^2 + sigma^2) I). The loss is
/// |x - target|^2 + sin(2 x_1).
/// </remarks>
internal sealed class MixtureProblem : IDisposable
{
    internal const double GridStart = 1;
    internal const double GridEnd = 1e-3;
    internal const double Beta0 = 0.1;
    internal const double Beta1 = 20;
    internal const double Deviation = 0.35;

    internal static readonly double[][] Means = [[1.5, 0.5], [-1.0, 1.2], [0.2, -1.4]];
    internal static readonly double[] Weights = [0.4, 0.35, 0.25];
    internal static readonly double[] Target = [0.3, 0.7];
    internal static readonly double[] StartState = [0.8, -0.6];
    internal static readonly double[] ConditionValue = [0.1, -0.2];

    private readonly Tensor means;
    private readonly Tensor logWeights;
    private readonly Tensor target;

    internal MixtureProblem()
    {
        using DisposeScope scope = NewDisposeScope();
        means = tensor(Means.SelectMany(m => m).ToArray(), [1, Means.Length, 2], ScalarType.Float64);
        logWeights = tensor(Weights.Select(w => Math.Log(w)).ToArray(), [1, Weights.Length], ScalarType.Float64);
        target = tensor(Target, [1, 2], ScalarType.Float64);
        Start = tensor(StartState, [1, 2], ScalarType.Float64);
        Condition = tensor(ConditionValue, [1, 2], ScalarType.Float64);
        scope.Detach(means, logWeights, target, Start, Condition);
        Denoiser = Costate.Denoiser.FromFunction(NoisePrediction, Prediction.Noise);
    }

    /// <summary>The schedule.</summary>
    internal NoiseSchedule Schedule { get; } = NoiseSchedule.VpLinear(Beta0, Beta1);

    /// <summary>The closed-form network.</summary>
    internal Denoiser Denoiser { get; }

    /// <summary>x_T, [1, 2].</summary>
    internal Tensor Start { get; }

    /// <summary>z, [1, 2].</summary>
    internal Tensor Condition { get; }

    /// <summary>The grid of a run.</summary>
    internal TimeGrid Grid(int steps) => TimeGrid.UniformLogSnr(Schedule, steps, GridStart, GridEnd);

    /// <summary>The loss of each item.</summary>
    internal Tensor Loss(Tensor x) => (x - target).square().sum(1) + (2 * x.select(1, 0)).sin();

    public void Dispose()
    {
        foreach (Tensor held in (Tensor[])[means, logWeights, target, Start, Condition])
        {
            held.Dispose();
        }
    }

    /// <summary>eps(x, z, t). One time for the whole batch: every item of a run is at the same time.</summary>
    internal Tensor NoisePrediction(Tensor x, Tensor t, Tensor? z)
    {
        double time = t[0].item<double>();
        (double alpha, double sigma) = (Schedule.Alpha(time), Schedule.Sigma(time));
        double variance = (alpha * alpha * Deviation * Deviation) + (sigma * sigma);

        // Held by name: a scalar that an operator makes may be collected while the native call still reads it.
        using Scalar scale = alpha, exponent = -1 / (2 * variance), slope = sigma / variance;
        Tensor difference = x.unsqueeze(1) - (means + z!.unsqueeze(1)).mul(scale);
        Tensor posterior = (logWeights + difference.square().sum(2).mul(exponent)).softmax(1);
        return (posterior.unsqueeze(2) * difference).sum(1).mul(slope);
    }
}
