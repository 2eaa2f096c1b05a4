using System.Text.Json;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// The Gaussian mixture of tests/fixtures/mixture.json, whose noise prediction is known in closed form, with the exact gradient of a
/// loss through its probability-flow ODE.
/// </summary>
internal sealed record Mixture
{
    private readonly double[][] means;
    private readonly double[] weights;
    private readonly double deviation;

    private Mixture(JsonElement json)
    {
        means = json.GetProperty("means").Deserialize<double[][]>()!;
        weights = json.GetProperty("weights").Deserialize<double[]>()!;
        deviation = json.GetProperty("s0").GetDouble();
        Target = json.GetProperty("target").Deserialize<double[]>()!;
        Start = json.GetProperty("xT").Deserialize<double[]>()!;
        Condition = json.GetProperty("z").Deserialize<double[]>()!;
        Sample = json.GetProperty("x0").Deserialize<double[]>()!;
        StartGradient = json.GetProperty("grad_xT").Deserialize<double[]>()!;
        ConditionGradient = json.GetProperty("grad_z").Deserialize<double[]>()!;
        (GridStart, GridEnd) = (json.GetProperty("t_start").GetDouble(), json.GetProperty("t_end").GetDouble());
    }

    public static Mixture Load() => Load(Fixtures.PathTo("mixture.json"));

    /// <summary>Another one in the same form.</summary>
    public static Mixture Load(string path)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(path));
        return new Mixture(json.RootElement);
    }

    public NoiseSchedule Schedule { get; init; } = NoiseSchedule.VpLinear(0.1, 20);

    public double GridStart { get; }

    public double GridEnd { get; }

    public double[] Target { get; }

    public double[] Start { get; }

    public double[] Condition { get; }

    public double[] Sample { get; }

    public double[] StartGradient { get; }

    public double[] ConditionGradient { get; }

    /// <summary>A denoiser of the given prediction, elementwise over the batch; times are those of the schedule.</summary>
    public Denoiser Denoiser(Prediction prediction = Prediction.Noise) => Costate.Denoiser.FromFunction(
        (x, t, z) => Predict(x, t, z, prediction), prediction);

    public Tensor Loss(Tensor x) => (x - tensor(Target, dtype: x.dtype)).square().sum(1) + (2 * x[TensorIndex.Ellipsis, 0]).sin();

    public Tensor StartTensor(int batch = 1) => Repeat(Start, batch);

    public Tensor ConditionTensor(int batch = 1) => Repeat(Condition, batch);

    private static Tensor Repeat(double[] values, int batch) => tensor(values, dtype: ScalarType.Float64).unsqueeze(0).repeat(batch, 1);

    private Tensor Predict(Tensor x, Tensor t, Tensor? z, Prediction prediction)
    {
        double[] times = [.. t.to(ScalarType.Float64).data<double>()];
        Tensor alpha = Column(times, Schedule.Alpha, x.dtype);
        Tensor sigma = Column(times, Schedule.Sigma, x.dtype);
        Tensor centres = tensor(means.SelectMany(m => m).ToArray(), [1, means.Length, x.shape[1]], ScalarType.Float64).to(x.dtype);
        if (z is not null)
        {
            centres = centres + z.unsqueeze(1);
        }

        // eps = sigma E[x - alpha m_k]/v over the posterior of the component k, v = alpha^2 s0^2 + sigma^2.
        Tensor variance = (alpha * deviation).square() + sigma.square();
        Tensor difference = x.unsqueeze(1) - (alpha.unsqueeze(1) * centres);
        Tensor logits = (difference.square().sum(2) / (-2 * variance)) + tensor([.. weights.Select(w => Math.Log(w))], dtype: x.dtype);
        Tensor posterior = logits.softmax(1).unsqueeze(2);
        Tensor expected = (posterior * difference).sum(1) / variance;
        Tensor Noise() => sigma * expected;
        Tensor Data() => ((alpha * (deviation * deviation)) * expected) + (posterior * centres).sum(1);
        return prediction switch
        {
            Prediction.Noise => Noise(),
            Prediction.Data => Data(),
            Prediction.Velocity => (alpha * Noise()) - (sigma * Data()),
            Prediction.Flow => Noise() - Data(),
            Prediction.Score => -expected,
            Prediction.NegativeVelocity => (sigma * Data()) - (alpha * Noise()),
            Prediction.NegativeFlow => Data() - Noise(),
            _ => throw new ArgumentOutOfRangeException(nameof(prediction)),
        };
    }

    // A sampler tells the whole batch one time.
    private static Tensor Column(double[] times, Func<double, double> value, ScalarType dtype) =>
        times.AsSpan().IndexOfAnyExcept(times[0]) < 0
        ? full([times.Length, 1], value(times[0]), ScalarType.Float64).to(dtype)
        : tensor([.. times.Select(value)], ScalarType.Float64).to(dtype).unsqueeze(1);
}
