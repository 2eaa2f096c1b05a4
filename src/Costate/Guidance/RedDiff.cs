using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// RED-diff (Mardani et al. 2024): optimises an image rather than sampling one. At each time of the grid the image is noised, and Adam
/// takes a step along <c>weight (sigma_t/alpha_t) (eps(x_t) - n)</c>, what the network thinks is noise in it, and the gradient of the loss.
/// </summary>
/// <remarks>
/// A stochastic optimisation, not a step from state to state, and so no point of <see cref="GuidedSampler"/>. One network evaluation and
/// one gradient of the loss a step; no gradient of the network. Both terms are means over the entries of an item, as published: for a
/// measurement the loss is <c>SquaredNorm/(2 entries of the observation)</c>. An item that diverges under its learning rate (an entry
/// beyond 1000, or a loss or gradient that is not finite, or an answer of the network) is reported, the others go on. In float16 the bound
/// is 256. The image is carried in at least 32 bits. Immutable; as thread-safe as its denoiser and loss.
/// </remarks>
public sealed class RedDiff
{
    private readonly Sampler sampler;
    private readonly RedDiffOptions options;

    /// <summary>An optimisation.</summary>
    /// <param name="denoiser">The network.</param>
    /// <param name="schedule">The schedule it was trained on.</param>
    /// <param name="grid">The times at which it is asked, all but the last; alpha must not be 0 there. 1000 as published.</param>
    /// <param name="options">The default is the published one.</param>
    /// <exception cref="ArgumentException">An option leaves its range.</exception>
    /// <exception cref="InvalidOperationException">The grid starts where alpha is 0.</exception>
    public RedDiff(Denoiser denoiser, NoiseSchedule schedule, TimeGrid grid, RedDiffOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        this.options = options ?? new RedDiffOptions();
        this.options.Check();
        sampler = new Sampler(denoiser.WithoutParameters(), schedule, Solver.Ddim(), grid);
        if (schedule.Alpha(grid.Start) == 0)
        {
            throw new InvalidOperationException(
                $"RED-diff divides by alpha, which is 0 at the start of the grid ({grid}). Start the grid later.");
        }
    }

    /// <summary>Optimises.</summary>
    /// <param name="start">The image to begin with, [batch, ...]: the transpose or a pseudo-inverse of the observation, or zeros.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="loss">From images [batch, ...] to one value for each item, [batch].</param>
    /// <param name="seed">Of all noise of the run: one seed for the batch, or one for each item. The default value is 0.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Looked at before each step.</param>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite.</exception>
    /// <exception cref="InvalidOperationException">The network returned another shape, or a first answer that is finite for no item, or the
    /// loss another shape, NaN at the start, or no gradient; the message names item, step and time.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public GuidedSample Sample(
        Tensor start,
        Condition? z,
        Func<Tensor, Tensor> loss,
        NoiseSeeds seed = default,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(loss);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun run = sampler.Checked(start, z, null, null, cancellationToken);
        seed.Check(nameof(seed), start.shape[0]);
        int batch = checked((int)start.shape[0]);
        var watch = new DivergenceWatch(batch, start.dtype);
        var objective = new GuidanceObjective(loss, batch, start.dtype, watch);
        var noise = new GuidanceNoise(seed, sampler.Grid.Steps);
        double entries = (double)start.numel() / batch;
        Tensor begin = start.ToWorkingPrecision();
        Tensor image = begin.clone();
        using var adam = new ElementwiseAdam(image, options.LearningRate, options.Beta1, options.Beta2);
        List<Tensor> losses = [];
        for (int i = 0; i < sampler.Grid.Steps; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope step = NewDisposeScope();
            SchedulePoint at = SchedulePoint.At(sampler.Schedule, sampler.Grid.Times[i]);
            objective.Enter(i, at.Time);
            Tensor n = noise.OfStep(i, 0, image);
            Tensor x = image.Times(at.Alpha).AddTimes(n, at.Sigma);
            PredictionConversion toNoise = PredictionConversion.Checked(run.Denoiser.Prediction, Prediction.Noise, at);
            Tensor output = (run with { Admit = watch.InStep(i, at.Time) }).Evaluate(x, run.Table.Rows[i].At);
            Tensor predicted = output.Times(toNoise.Output).AddTimes(x, toNoise.State);
            (Tensor value, Tensor gradient) = objective.Gradient(image);
            adam.Step(image, gradient.AddTimes(predicted.sub_(n), options.Regularization * at.NoiseToSignal / entries));
            using Tensor moved = image;
            image = watch.Replace(moved, () => begin, 1, i, at.Time).MoveToOuterDisposeScope();
            losses.Add(value.to(image.dtype).MoveToOuterDisposeScope());
            progress?.Report(new StepProgress(SamplingPhase.Sampling, i + 1, sampler.Grid.Steps, sampler.Grid.Times[i + 1]));
        }

        objective.Enter(sampler.Grid.Steps, sampler.Grid.End);
        Tensor final = watch.WithNaN(objective.Value(image));
        return new GuidedSample(
            watch.WithNaN(image).to(start.dtype),
            final,
            stack(losses),
            watch.Items,
            run.Meter.Total,
            objective.Evaluations
        ).MoveToOuterDisposeScope();
    }
}
