using Costate.Faces.Models;
using Costate.Faces.Sampling;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Sampling;

/// <summary>Runs of a sampler as operations on any model, without a terminal.</summary>
public sealed class ModelSamplingTests
{
    // Predicts z times a contraction of x.
    private static readonly Denoiser Denoiser = Denoiser.FromFunction((x, t, z) => x.mul(0.5).add(z!.reshape(-1, 1)), Prediction.Data);

    private static readonly SamplingPlan Plan = SamplingPlan.FromNames(
        "vp-linear", Prediction.Data, "rex:euler", grid: null, steps: 4, start: null, end: null, timeScale: null, trainingTimesteps: null);

    private readonly List<double> told = [];

    private Listener<double> Progress => new(told.Add);

    [Fact]
    public void Sample_IsThatOfTheSampler_AndItsCostIsCounted()
    {
        using var scope = NewDisposeScope();
        using var model = new Model("formula", Denoiser, Plan.Schedule);
        (Tensor start, Tensor z) = (ModelSampling.DrawStart(model, [3], 2, seed: 5, ScalarType.Float64), Codes());
        SamplingResult result = new ModelSampling(model, Plan, z, seed: 0).Sample(start, Progress);
        Assert.Equal(new Sampler(Denoiser, Plan.Schedule, Plan.Solver, Plan.Grid).Sample(start, z), result.Tensors["sample"]);

        // Two a step, but for the last one's second state, which nothing needs.
        Assert.Equal((7, 7, 1.0), (result.Cost.NetworkEvaluations, told.Count, told[^1]));
    }

    [Fact]
    public void Edit_UnderTheOwnCondition_ChangesNothing()
    {
        using var scope = NewDisposeScope();
        using var model = new Model("formula", Denoiser, Plan.Schedule);
        Tensor samples = rand(2, 3, dtype: ScalarType.Float64);
        var sampling = new ModelSampling(model, Plan, Codes(), seed: 0);
        Assert.Equal(samples, sampling.Edit(samples, latents: null, Codes(), progress: Progress).Tensors["sample"]);
        Assert.Equal(1, told[^1]);
        NoiseState latents = sampling.Invert(samples).State!;
        SamplingResult other = sampling.Edit(samples, latents, Codes().mul(2));
        Assert.Equal(samples, other.Tensors["original"]);
        Assert.False(samples.allclose(other.Tensors["sample"]));
    }

    [Fact]
    public void Edit_WithAShelf_InvertsOnce_AndTellsTheRoundTrip()
    {
        using var scope = NewDisposeScope();
        using var model = new Model("formula", Denoiser, Plan.Schedule);
        using var shelf = new NetworkShelf();
        Tensor samples = rand(2, 3, dtype: ScalarType.Float64);
        SamplingResult Edited(Tensor changed, NetworkShelf? with) =>
            new ModelSampling(model, Plan, Codes(), seed: 0).Edit(samples, latents: null, changed, roundTrip: true, with);
        SamplingResult alone = Edited(Codes().mul(2), null), first = Edited(Codes(), shelf), second = Edited(Codes().mul(2), shelf);
        Assert.Equal(alone.Tensors["sample"], second.Tensors["sample"]);
        Assert.Equal((0.0, 0.0), (first.RoundTripError!.Value, second.RoundTripError!.Value));
        Assert.Equal(7, second.Cost.NetworkEvaluations);
        Assert.True(first.Cost.NetworkEvaluations > 2 * 7);

        // Other samples are other latents.
        samples = samples.mul(2);
        Assert.Equal(first.Cost.NetworkEvaluations, Edited(Codes(), shelf).Cost.NetworkEvaluations);
    }

    [Fact]
    public void Gradient_ByStep_TellsLossesAndLengths_AndIsTheSame()
    {
        using var scope = NewDisposeScope();
        using var model = new Model("formula", Denoiser, Plan.Schedule);
        Tensor start = rand(2, 3, dtype: ScalarType.Float64);
        SamplingResult Gradient(bool byStep) => new ModelSampling(model, Plan, Codes(), seed: 0).Gradient(
            start, x => x.square().sum(1), GradientMethod.Discrete(), keepsStates: true, byStep);
        (SamplingResult plain, SamplingResult told) = (Gradient(false), Gradient(true));
        Assert.Null(plain.OnTheWay);
        Assert.Equal(plain.Tensors["start_noise_gradient"], told.Tensors["start_noise_gradient"]);
        GradientOnTheWay way = told.OnTheWay!;
        Assert.Equal((way.PredictionTimes.Count, Plan.Grid.Steps + 1), (way.PredictionLosses.Count, way.GradientNorms.Count));
        Tensor norms = told.Tensors["start_noise_gradient"].norm(1);
        Tensor ofSample = told.Tensors["sample"].norm(1) * 2;
        Assert.Equal(norms.data<double>().ToArray(), way.GradientNorms[0], (a, b) => Math.Abs(a - b) <= 1e-12 * a);
        Assert.Equal(ofSample.data<double>().ToArray(), way.GradientNorms[^1], (a, b) => Math.Abs(a - b) <= 1e-12 * a);
    }

    [Fact]
    public void Interpolation_EndsAtBoth()
    {
        using var scope = NewDisposeScope();
        using var model = new Model("formula", Denoiser, Plan.Schedule);
        Tensor ends = rand(2, 3, dtype: ScalarType.Float64);
        SamplingResult result = new ModelSampling(model, Plan, Codes(), seed: 0).Interpolate(ends, 3, Progress);
        Assert.Equal([3, 3], result.Shape);

        // What is left is the rounding of a great circle in 64 bits.
        Assert.True(result.Tensors["sample"][TensorIndex.Tensor(tensor(new long[] { 0, 2 }))].allclose(ends, rtol: 0, atol: 1e-9));
        Assert.Equal(1, told[^1], 12);
    }

    [Fact]
    public void Run_StopsWhenItIsCancelled()
    {
        using var scope = NewDisposeScope();
        using var model = new Model("formula", Denoiser, Plan.Schedule);
        using var source = new CancellationTokenSource();
        var sampling = new ModelSampling(model, Plan, Codes(), seed: 0);
        var stop = new Listener<double>(_ => source.Cancel());
        Assert.Throws<OperationCanceledException>(() =>
            sampling.Gradient(zeros(2, 3, dtype: ScalarType.Float64), x => x.sum(1), GradientMethod.Discrete(), false,
                progress: stop, cancellationToken: source.Token));
    }

    private static Tensor Codes() => tensor(new[] { 0.3, -0.7 });
}
