using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Inversion of any deterministic sampler by repeated round trips, from the sample alone.</summary>
public static class RoundTripInversion
{
    // What rounding leaves of a round trip, times what a sampler amplifies it by.
    private const double Tolerance32 = 1e-4;
    private const double Tolerance64 = 1e-9;

    /// <summary>
    /// Finds start noise from which the sampler draws a given sample. Where <see cref="Sampler.Invert"/> of a solver with one state is
    /// wrong by the error of the solver, this is right to the tolerance, or refused.
    /// </summary>
    /// <remarks>
    /// <para>With F the sampler and E the same solver run from data to noise, it repeats <c>y = y + x0 - F(E(y))</c> from y = x0; E(y) is
    /// then the noise. F after E is the identity but for the error of the solver, so that each repetition makes the residual smaller by
    /// about that error: it converges where steps are short enough for DDIM inversion to be roughly right. Items that have converged stay
    /// as they are.</para>
    /// <para>The noise is one of possibly many, and as sensitive as the sampler's inverse is: what is promised is the residual. Cost: two
    /// samples an iteration.</para>
    /// </remarks>
    /// <param name="sampler">The sampler, of a deterministic solver with one state.</param>
    /// <param name="x0">The sample, [batch, ...].</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/> that is the same at all times.</param>
    /// <param name="tolerance">Of <see cref="RoundTripNoise.Residual"/>. The default is 1e-4 for samples in 32 bits or fewer, 1e-9 in
    /// 64.</param>
    /// <param name="maxIterations">Round trips at most. The default value is 50.</param>
    /// <param name="progress">Told after each round trip.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="InputException">The solver is stochastic or reversible, the condition is scheduled, or the tolerance is not
    /// positive.</exception>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite.</exception>
    /// <exception cref="InvalidOperationException">An item did not converge; the message names it and its residual.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static RoundTripNoise InvertByRoundTrips(
        this Sampler sampler,
        Tensor x0,
        Condition? z = null,
        double? tolerance = null,
        int maxIterations = 50,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        ArgumentNullException.ThrowIfNull(x0);
        Check(sampler.Solver, z, tolerance, maxIterations);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        double enough = tolerance ?? (x0.dtype == ScalarType.Float64 ? Tolerance64 : Tolerance32);
        var encoder = new Sampler(sampler.Denoiser, sampler.Schedule, sampler.Solver, sampler.Grid.Reversed());
        Tensor y = x0.clone(), best = full([x0.shape[0]], double.PositiveInfinity, ScalarType.Float64, x0.device);
        Tensor size = Size(x0), start = zeros_like(x0, requires_grad: false);
        int evaluations = 0;
        for (int iteration = 1; ; iteration++)
        {
            using DisposeScope inner = NewDisposeScope();
            Tensor noise = encoder.Sample(y, z, cancellationToken: cancellationToken);
            Tensor missing = x0 - sampler.Sample(noise, z, cancellationToken: cancellationToken);
            evaluations += encoder.Table.EvaluatedRows.Count + sampler.Table.EvaluatedRows.Count;
            Tensor residual = Size(missing) / size.clamp_min(double.Epsilon);
            Tensor better = residual.lt(best), open = best.gt(enough);
            start.copy_(where(PerItem(better & open, x0), noise, start));
            best.copy_(where(better & open, residual, best));
            progress?.Report(new StepProgress(SamplingPhase.Inversion, iteration, maxIterations, sampler.Grid.Start));
            if (best.le(enough).all().item<bool>())
            {
                return new RoundTripNoise(
                    start.clone(), best.clone(), iteration, new GradientCost(evaluations, 0, 0, 0), x0.dtype, sampler.Settings)
                    .MoveToOuterDisposeScope().MoveToOuterDisposeScope();
            }

            if (iteration == maxIterations)
            {
                throw NotConverged(best, enough, iteration);
            }

            y.copy_(where(PerItem(best.gt(enough), x0), y + missing, y));
        }
    }

    private static void Check(Solver solver, Condition? z, double? tolerance, int maxIterations)
    {
        if (solver.IsStochastic || solver.IsReversible)
        {
            throw new InputException(
                "sampler",
                solver.Name,
                "one with a deterministic solver of one state",
                $"{nameof(Sampler)}.{nameof(Sampler.Invert)} inverts a reversible one to the bit and encodes the noise of a stochastic "
                    + "one.");
        }

        if (z is { IsScheduled: true })
        {
            throw new InputException(nameof(z), "a condition that changes on the way", "the same at all times");
        }

        if (tolerance is double given && !(given > 0))
        {
            throw new InputException(nameof(tolerance), FormattableString.Invariant($"{given}"), "positive");
        }

        if (maxIterations < 1)
        {
            throw new InputException(nameof(maxIterations), $"{maxIterations}", "at least 1");
        }
    }

    private static InvalidOperationException NotConverged(Tensor residuals, double tolerance, int iterations)
    {
        double[] values = residuals.cpu().data<double>().ToArray();
        int worst = Array.IndexOf(values, values.Max());
        return new InvalidOperationException(
            FormattableString.Invariant($"Item {worst} is left with a residual of {values[worst]:G3} after {iterations} round trips; ")
                + FormattableString.Invariant($"expected at most {tolerance:G3}. Take more steps or a solver of higher order, so that ")
                + "running it from data to noise is nearer its inverse; a wider tolerance; or a reversible solver "
                + $"({nameof(Solver)}.{nameof(Solver.Rex)}), whose inversion is exact.");
    }

    // The root mean square of each item, in 64 bits.
    private static Tensor Size(Tensor x) => x.to(ScalarType.Float64).reshape(x.shape[0], -1).square().mean([1L]).sqrt();

    private static Tensor PerItem(Tensor values, Tensor like) =>
        values.reshape([-1, .. Enumerable.Repeat(1L, (int)like.dim() - 1)]);
}
