using Costate.Faces.Models;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Sampling;

/// <summary>A model under one condition, ready to be sampled as a plan says, forward and back.</summary>
internal sealed class ModelSampling
{
    private readonly Sampler sampler;
    private readonly Condition? condition;
    private readonly Func<Tensor, Tensor>? toPictures;
    private readonly ulong seed;
    private long calls;

    /// <summary>Makes the solver's table, which may take long.</summary>
    /// <param name="model">Whose; it must live as long as this.</param>
    /// <param name="plan">How.</param>
    /// <param name="condition">z of the whole batch, or null.</param>
    /// <param name="seed">Of the path of a stochastic solver.</param>
    /// <param name="guidance">The condition that stands for none, [1, ...] or [batch, ...], and the scale of classifier-free guidance;
    /// null for none.</param>
    /// <param name="cancellationToken">Ends the wait for the table.</param>
    /// <exception cref="ArgumentException">The solver has no such table on this grid, or the guidance does not fit.</exception>
    internal ModelSampling(
        Model model,
        SamplingPlan plan,
        Condition? condition,
        ulong seed,
        (Condition? Unconditional, double Scale)? guidance = null,
        CancellationToken cancellationToken = default)
    {
        (this.condition, this.seed, toPictures) = (condition, seed, model.ToPictures);
        Denoiser counted = model.Denoiser.Observed(evaluations => calls += evaluations);
        Denoiser denoiser = guidance is var (none, scale) ? counted.WithClassifierFreeGuidance(none, scale) : counted;
        sampler = Cancellable.Run(() => new Sampler(plan.Adapted(denoiser), plan.Schedule, plan.Solver, plan.Grid), cancellationToken);
    }

    private GradientCost Cost => new(calls, 0, 0, 0);

    /// <summary>Noise for samples of a shape, once it is sure that memory holds a few of them.</summary>
    /// <param name="model">Whose.</param>
    /// <param name="shape">Of one sample.</param>
    /// <param name="batch">How many.</param>
    /// <param name="seed">Its seed.</param>
    /// <param name="dtype">Its type of number.</param>
    /// <exception cref="InputException">Memory does not hold them.</exception>
    internal static Tensor DrawStart(Model model, long[] shape, int batch, ulong seed, ScalarType dtype)
    {
        // The start, which is kept to be written, a state and a prediction.
        const int Least = 3;
        bool isChosen = model.Shape is null;
        string got = isChosen ? $"{string.Join(',', shape)} for {batch} sample{(batch == 1 ? "" : "s")}" : $"{batch}";
        AvailableMemory.Require(
            model.ToPictures is not null ? "size" : isChosen ? "shape" : "batch",
            got,
            Least * shape.Aggregate((double)batch * dtype.ElementSize(), (product, size) => product * size),
            $"Make {(isChosen ? "the sizes or " : "")}the batch smaller, and draw in several runs with another seed each.");
        return model.DrawStart([batch, .. shape], seed, dtype, model.Device);
    }

    /// <summary>Samples with so much noise on them as belongs to the start of a plan, to be sampled from there.</summary>
    /// <param name="samples">[batch, ...].</param>
    /// <param name="plan">Whose start.</param>
    /// <param name="seed">Of the noise.</param>
    internal static Tensor Noised(Tensor samples, SamplingPlan plan, ulong seed)
    {
        SchedulePoint at = SchedulePoint.At(plan.Schedule, plan.Grid.Start);
        return samples.Times(at.Alpha).AddTimes(StartNoise.Draw(samples.shape, seed, samples.dtype, samples.device), at.Sigma);
    }

    /// <summary>Draws samples.</summary>
    /// <param name="start">x_T, [batch, ...].</param>
    /// <param name="progress">Told how much is done, from 0 to 1.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    internal SamplingResult Sample(Tensor start, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        Tensor sample = sampler.Sample(start, condition, Path(), new RunProgress(progress), cancellationToken);
        return Drawn(sample, ("start_noise", start));
    }

    /// <summary>Draws samples, and the gradient of a loss on them with respect to the start and the condition.</summary>
    /// <param name="start">x_T, [batch, ...].</param>
    /// <param name="loss">From samples, or the pictures that they are latents of, to one value for each.</param>
    /// <param name="method">How.</param>
    /// <param name="keepsStates">Whether the method keeps a state of every step.</param>
    /// <param name="byStep">Whether the loss of each prediction and the gradient of each state are wanted too.</param>
    /// <param name="progress">Told how much is done, from 0 to 1.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="InputException">Memory does not hold the states.</exception>
    internal SamplingResult Gradient(
        Tensor start,
        Func<Tensor, Tensor> loss,
        GradientMethod method,
        bool keepsStates,
        bool byStep = false,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        if (keepsStates)
        {
            AvailableMemory.Require(
                "steps",
                $"{sampler.Grid.Steps} with a state kept of each",
                (double)sampler.Grid.Steps * start.numel() * start.element_size(),
                "Take the method revolve:SLOTS, fewer steps, or a smaller batch.");
        }

        Func<Tensor, Tensor> ofSamples = toPictures is null ? loss : latents => loss(toPictures(latents));
        var told = new RunProgress(progress, hasGradient: true);
        (SampleGradient gradient, GradientOnTheWay? onTheWay) = byStep
            ? GradientByStep.Of(sampler, start, condition, ofSamples, method, Path(), told, cancellationToken)
            : (sampler.Gradient(
                start, condition, ofSamples, method, Path(), progress: told, cancellationToken: cancellationToken), null);
        return Drawn(
            gradient.Sample,
            [
                ("loss", gradient.Loss),
                ("start_noise", start),
                ("start_noise_gradient", gradient.StartNoise),
                .. Named("condition", (condition?.Names ?? []).Select(name => (name, condition![name]))),
                .. Named("condition_gradient", gradient.Conditions.Select(pair => (pair.Key, pair.Value))),
                .. Named("unconditional_gradient", gradient.Unconditional.Select(pair => (pair.Key, pair.Value))),
            ]) with
        {
            Loss = [.. gradient.Loss.to(ScalarType.Float64).cpu().data<double>()],
            OnTheWay = onTheWay,
            Cost = gradient.Cost,
        };
    }

    /// <summary>Finds the latents that samples are drawn from.</summary>
    /// <param name="samples">[batch, ...].</param>
    /// <param name="progress">Told how much is done, from 0 to 1.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    internal SamplingResult Invert(Tensor samples, IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        NoiseState state = sampler.Invert(samples, condition, Path(), new RunProgress(progress), cancellationToken);
        Tensor? kept = toPictures is null ? condition?.Values : null;
        return new SamplingResult { State = state, Condition = kept, Shape = samples.shape, Cost = Cost };
    }

    /// <summary>Draws the samples of latents.</summary>
    /// <param name="latents">Under the plan's settings.</param>
    /// <param name="progress">Told how much is done, from 0 to 1.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    internal SamplingResult Decode(NoiseState latents, IProgress<double>? progress = null, CancellationToken cancellationToken = default) =>
        Drawn(sampler.Sample(latents, condition, Path(), new RunProgress(progress), cancellationToken));

    /// <summary>Draws samples again under another condition than their own.</summary>
    /// <param name="samples">[batch, ...]; of latents anything of that shape.</param>
    /// <param name="latents">Their latents where these are known, and the samples are drawn from them; null otherwise.</param>
    /// <param name="changed">The other condition, of the whole batch, or null for none.</param>
    /// <param name="roundTrip">Whether the samples are drawn under their own condition too, to tell how far they come back.</param>
    /// <param name="shelf">What has inverted them before, or will have; null where each run inverts.</param>
    /// <param name="progress">Told how much is done, from 0 to 1.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    internal SamplingResult Edit(
        Tensor samples,
        NoiseState? latents,
        Condition? changed,
        bool roundTrip = false,
        NetworkShelf? shelf = null,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var half = new RunProgress(progress, 0, roundTrip ? 0.3 : 0.5);
        Tensor original = latents is null ? samples : sampler.Sample(latents, condition, Path(), half, cancellationToken);
        InvertedSample inverted = latents is not null ? new(latents, null)
            : shelf is null ? Inverted()
            : shelf.Inverted(KeyOf(samples, roundTrip), Inverted);
        Tensor edited = sampler.Sample(inverted.State, changed, Path(), new RunProgress(progress, 0.6, 0.4), cancellationToken);
        SamplingResult drawn = Drawn(edited, ("original", original));
        return drawn with
        {
            OnSheet = stack([Pictures(original), drawn.Shown!], 1).flatten(0, 1),
            RoundTripError = inverted.RoundTripError,
        };

        InvertedSample Inverted()
        {
            NoiseState state = sampler.Invert(samples, condition, Path(), half, cancellationToken);
            var back = new RunProgress(progress, 0.3, 0.3);
            return new(state, roundTrip ? Error(sampler.Sample(state, condition, Path(), back, cancellationToken), samples) : null);
        }
    }

    private static double Error(Tensor found, Tensor expected)
    {
        using DisposeScope scope = NewDisposeScope();
        return (found - expected).abs().max().to(ScalarType.Float64).item<double>()
            / expected.abs().max().to(ScalarType.Float64).item<double>();
    }

    // All that a latent depends on.
    private string KeyOf(Tensor samples, bool roundTrip) => string.Join(
        '\n',
        [
            $"{Fingerprint.Of([samples, .. condition?.Names.Select(name => condition[name]) ?? []])}, {seed}, {roundTrip}",
            .. sampler.Settings.Select(setting => $"{setting.Key}: {setting.Value}"),
        ]);

    /// <summary>Draws samples between two, along a great circle between latents and a straight line between conditions.</summary>
    /// <param name="ends">[2, ...].</param>
    /// <param name="count">How many, both ends included.</param>
    /// <param name="progress">Told how much is done, from 0 to 1.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="InvalidOperationException">Nothing lies between the conditions.</exception>
    internal SamplingResult Interpolate(
        Tensor ends,
        int count,
        IProgress<double>? progress = null,
        CancellationToken cancellationToken = default)
    {
        Condition? between = condition?.Map(entry => entry with { Values = Between(entry.Values, count) });
        double share = 2.0 / (2 + count);
        NoiseState latents = sampler.Invert(ends, condition, Path(2), new RunProgress(progress, 0, share), cancellationToken);
        Tensor sample = sampler.Sample(
            SphericalInterpolation.Between(latents, count),
            between,
            Path(count),
            new RunProgress(progress, share, 1 - share),
            cancellationToken);
        return Drawn(sample, ("weight", tensor(SphericalInterpolation.Weights(count), device: CPU)));
    }

    private static Tensor Between(Tensor condition, int count)
    {
        (Tensor a, Tensor b) = (condition[0], condition[1]);
        return condition.is_floating_point() ? stack([.. SphericalInterpolation.Weights(count).Select(w => a.mul(1 - w).add_(b, w))])
            : a.eq(b).all().item<bool>() ? condition.narrow(0, 0, 1).expand([count, .. condition.shape.Skip(1)]).contiguous()
            : throw new InvalidOperationException(
                $"Got two conditions of type {condition.dtype}, between which nothing lies; expected one for both, [1, ...], "
                    + "or floating point.");
    }

    private SamplingResult Drawn(Tensor sample, params (string Name, Tensor? Value)[] beside) => new()
    {
        Tensors = beside.Prepend(("sample", sample)).Where(t => t.Item2 is not null).ToDictionary(t => t.Item1, t => t.Item2!),
        Shown = Pictures(sample),
        Shape = sample.shape,
        Cost = Cost,
    };

    private Tensor Pictures(Tensor sample)
    {
        using IDisposable noGraph = no_grad();
        return toPictures?.Invoke(sample) ?? sample;
    }

    // A condition of one tensor needs no name.
    private static IEnumerable<(string Name, Tensor? Value)> Named(string what, IEnumerable<(string Name, Tensor Value)> tensors) =>
        tensors.Select(pair => (pair.Name == Costate.Condition.OnlyName ? what : $"{what}.{pair.Name}", (Tensor?)pair.Value));

    private BrownianPath? Path() => sampler.Solver.IsStochastic ? BrownianPath.PerStep(seed) : null;

    // One path for all items: what is drawn differs in the latents alone.
    private BrownianPath? Path(int items) =>
        sampler.Solver.IsStochastic ? BrownianPath.PerStep(NoiseSeeds.OfItems(Enumerable.Repeat(seed, items))) : null;
}
