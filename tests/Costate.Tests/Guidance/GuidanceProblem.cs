using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// Three items of the mixture problem with conditions and seeds of their own, and what straight-line implementations of published updates
/// need.
/// </summary>
internal sealed class GuidanceProblem
{
    private readonly Mixture mixture = Mixture.Load();

    public static ulong[] Seeds { get; } = [11, 12, 13];

    public NoiseSchedule Schedule => mixture.Schedule;

    public TimeGrid Grid { get; } = TimeGrid.Uniform(12, 1, 0);

    public static Tensor Start => StartNoise.Draw([3, 2], 5, ScalarType.Float64);

    public Tensor Condition => mixture.ConditionTensor(3) + (0.1 * StartNoise.Draw([3, 2], 6, ScalarType.Float64));

    public Denoiser Denoiser(Prediction prediction = Prediction.Noise) => mixture.Denoiser(prediction);

    public Tensor Loss(Tensor x) => mixture.Loss(x);

    /// <summary>The norm of a residual.</summary>
    public Tensor Norm(Tensor x) => (x - tensor(mixture.Target)).square().sum(1).sqrt();

    public GuidedSample Guide(GuidanceOptions options, Func<Tensor, Tensor>? loss = null, Prediction prediction = Prediction.Noise) =>
        new GuidedSampler(Denoiser(prediction), Schedule, Grid, options).Sample(Start, Condition, loss ?? Loss, Seeds);

    /// <summary>The noise of a run with these seeds.</summary>
    public GuidanceNoise Noise() => new(Seeds, Grid.Steps);

    /// <summary>The noise prediction, with autograd.</summary>
    public Tensor Eps(Tensor x, double t) => Denoiser().Call(x, t, Condition);

    /// <summary>The squared scale of the signal, which papers call alpha-bar.</summary>
    public double Bar(double t) => Math.Exp(2 * Schedule.LogAlpha(t));

    /// <summary>The posterior mean, with autograd.</summary>
    public Tensor Mean(Tensor x, double t) => (x - (Math.Sqrt(1 - Bar(t)) * Eps(x, t))) / Math.Sqrt(Bar(t));

    /// <summary>DDPM's step (Ho et al. 2020, eq. 6 and 7).</summary>
    public Tensor Ddpm(Tensor x, Tensor data, Tensor n, double t, double s)
    {
        (double bar, double next) = (Bar(t), Bar(s));
        double beta = 1 - (bar / next);
        return (Math.Sqrt(next) * beta / (1 - bar) * data)
            + (Math.Sqrt(bar / next) * (1 - next) / (1 - bar) * x)
            + (Math.Sqrt(beta * (1 - next) / (1 - bar)) * n);
    }

    /// <summary>DDIM's step (Song et al. 2021, eq. 12 and 16).</summary>
    public Tensor Ddim(Tensor data, Tensor eps, Tensor n, double eta, double t, double s)
    {
        (double bar, double next) = (Bar(t), Bar(s));
        double deviation = eta * Math.Sqrt((1 - next) / (1 - bar)) * Math.Sqrt(1 - (bar / next));
        return (Math.Sqrt(next) * data) + (Math.Sqrt(Math.Max(0, 1 - next - (deviation * deviation))) * eps) + (deviation * n);
    }

    /// <summary>Back to t by the forward process.</summary>
    public Tensor Renoise(Tensor x, Tensor n, double t, double s) =>
        (Math.Sqrt(Bar(t) / Bar(s)) * x) + (Math.Sqrt(1 - (Bar(t) / Bar(s))) * n);

    /// <summary>The gradient of a sum over items.</summary>
    public static Tensor Gradient(Func<Tensor, Tensor> function, Tensor x)
    {
        Tensor leaf = x.detach().clone().requires_grad_(true);
        function(leaf).sum().backward();
        return leaf.grad!;
    }

    /// <summary>Runs an update at each step of the grid.</summary>
    public Tensor Run(Func<Tensor, int, double, double, Tensor> step)
    {
        Tensor x = Start;
        for (int i = 0; i < Grid.Steps; i++)
        {
            x = step(x, i, Grid.Times[i], Grid.Times[i + 1]).detach();
        }

        return x;
    }
}
