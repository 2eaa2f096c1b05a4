using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Draws samples of the model that are also samples of a target, by many particles for each problem that are guided, weighted and
/// resampled: where guidance makes samples that look right, these are right as particles grow.
/// </summary>
/// <remarks>
/// <para>The chain is the model's DDPM steps on the grid. Particles are exact for it as they grow, not for the model that it discretises:
/// take more steps for that.</para>
/// <para>The items of a batch are independent problems, each with particles of its own; what one problem draws does not depend on the
/// others. States are carried in at least 32 bits. A step costs one network evaluation a particle, and what the target needs beside it.
/// Immutable; as thread-safe as its denoiser and target.</para>
/// </remarks>
public sealed class ParticleSampler
{
    private readonly Sampler sampler;
    private readonly GuidedStep[] steps;

    /// <summary>A sampler by particles.</summary>
    /// <param name="denoiser">The network; its own guidance composes with this one.</param>
    /// <param name="schedule">The schedule it was trained on.</param>
    /// <param name="grid">Where it steps; it ends after time 0, so that every step adds noise.</param>
    /// <param name="options">How particles are carried.</param>
    /// <exception cref="InputException">An option is out of its range, or a step adds no noise.</exception>
    /// <exception cref="InvalidOperationException">The grid rises, or starts where alpha is 0.</exception>
    public ParticleSampler(Denoiser denoiser, NoiseSchedule schedule, TimeGrid grid, ParticleOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(grid);
        Options = options ?? new ParticleOptions();
        Options.Check();
        (sampler, steps) = PosteriorSampler.Prepared(denoiser, schedule, grid, eta: 1);
        if (steps.Any(step => step.Noise == 0))
        {
            throw new InputException(
                nameof(grid),
                $"{grid}",
                "one that ends after time 0",
                "A step without noise has no density; end at 0.001 or the like.");
        }
    }

    /// <summary>How particles are carried.</summary>
    public ParticleOptions Options { get; }

    /// <summary>Where it steps.</summary>
    public TimeGrid Grid => sampler.Grid;

    /// <summary>Standard normal noise for particles, [batch, particles, ...], each from the seed of its problem and its number.</summary>
    /// <param name="shape">[batch, particles, ...].</param>
    /// <param name="seed">One seed for the batch, or one for each problem. The default value is 0.</param>
    /// <param name="dtype">A floating-point dtype. The default is 32-bit.</param>
    /// <param name="device">The default is the CPU.</param>
    /// <exception cref="InputException">The shape has no particles.</exception>
    public static Tensor DrawStart(long[] shape, NoiseSeeds seed = default, ScalarType dtype = ScalarType.Float32, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(shape);
        if (shape.Length < 3 || shape.Any(size => size < 1))
        {
            throw new InputException(nameof(shape), $"[{string.Join(", ", shape)}]", "[batch, particles, ...]");
        }

        seed.Check(nameof(seed), shape[0]);
        NoiseSeeds rows = ParticleNoise.Seeds(seed, checked((int)shape[0]), checked((int)shape[1]));
        using Tensor flat = StartNoise.Draw([shape[0] * shape[1], .. shape[2..]], rows, dtype, device);
        return flat.reshape(shape);
    }

    /// <summary>Draws weighted samples.</summary>
    /// <param name="xT">Start noise, [batch, particles, ...], floating point; see <see cref="DrawStart"/>.</param>
    /// <param name="z">The condition of each problem: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="target">What the samples are to be.</param>
    /// <param name="seed">Of all noise of the run: one seed for the batch, or one for each problem. The default value is 0.</param>
    /// <param name="progress">Told after each step of the grid.</param>
    /// <param name="cancellationToken">Looked at before each call of the network.</param>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite; there is but one particle; a
    /// reward is not finite, or the same for all; the message says what to do.</exception>
    /// <exception cref="InvalidOperationException">The weights of a problem all vanish, or the network returned another shape, NaN or
    /// infinity; the message names problem, step and time.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public ParticleSample Sample(
        Tensor xT,
        Condition? z,
        ParticleTarget target,
        NoiseSeeds seed = default,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(xT);
        ArgumentNullException.ThrowIfNull(target);
        if (xT.dim() < 3 || xT.shape[1] < 2)
        {
            throw new InputException(
                nameof(xT),
                $"shape {Shapes.Text(xT)}",
                "[batch, particles, ...] with at least 2 particles",
                $"One particle is a guided sample: use {nameof(PosteriorSampler)} or {nameof(GuidedSampler)}.");
        }

        seed.Check(nameof(seed), xT.shape[0]);
        var noise = new ParticleNoise(seed, checked((int)xT.shape[0]), checked((int)xT.shape[1]));
        return Sample(xT, z, target, noise.Normal, noise.Uniform, noise.Rows, progress, cancellationToken);
    }

    /// <summary>The same with the random numbers given.</summary>
    internal ParticleSample Sample(
        Tensor xT,
        Condition? z,
        ParticleTarget target,
        Func<int, Tensor, Tensor> normal,
        Func<int, int, double> uniform,
        NoiseSeeds ofRows = default,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        (int batch, int particles) = (checked((int)xT.shape[0]), checked((int)xT.shape[1]));
        SamplingRun run = RunOf(xT, z, cancellationToken);
        using ParticleWeighing weighing = target.Begin(new ParticleBatch(run, steps, particles, Options.AtOnce, ofRows));
        Tensor x = run.Start.ToWorkingPrecision();
        double[] logZ = new double[batch];
        List<ParticleStep> passed = [];
        Tensor logWeights = weighing.Start(x).clone();
        foreach (GuidedStep step in steps)
        {
            using DisposeScope inner = NewDisposeScope();
            (int index, double time) = (step.At.Index, step.At.Time);
            ImportanceWeights[] weights = WeightsOf(logWeights, batch, particles, step);
            double[] fractions = [.. weights.Select(its => its.EffectiveFraction)];
            long[]?[] ancestors =
            [
                .. weights.Select((its, problem) =>
                    fractions[problem] < Options.Threshold || Options.Threshold == 1
                        ? its.Systematic(particles, uniform(index, problem))
                        : null),
            ];
            passed.Add(new ParticleStep(time, fractions, ancestors));
            Tensor before = x, weightsBefore = logWeights;
            if (ancestors.Any(its => its is not null))
            {
                Tensor rows = tensor(
                    [.. ancestors.SelectMany((its, problem) => Rows(its, problem, particles))], device: x.device);
                before = x.index_select(0, rows);
                weighing.Select(rows);
                weightsBefore = Kept(logWeights, weights, ancestors, logZ, particles);
            }

            (Tensor next, Tensor increments) = weighing.Advance(index, before, normal(index, before));
            using Tensor oldX = x, oldWeights = logWeights;
            x = next.MoveToOuterDisposeScope();
            logWeights = (weightsBefore + increments).MoveToOuterDisposeScope();
            progress?.Report(new StepProgress(SamplingPhase.Sampling, index + 1, steps.Length, step.At.NextTime));
        }

        weighing.Finish();
        foreach ((int problem, ImportanceWeights its) in WeightsOf(logWeights, batch, particles, null).Index())
        {
            logZ[problem] += its.LogZ;
        }

        return new ParticleSample(
            x.to(xT.dtype).reshape(xT.shape), logWeights.reshape(batch, particles), logZ, passed, run.Meter.Total)
            .MoveToOuterDisposeScope();
    }

    // The run of all rows, from inputs that are checked problem by problem.
    private SamplingRun RunOf(Tensor xT, Condition? z, CancellationToken cancellationToken)
    {
        SamplingRun first = sampler.Checked(xT.select(1, 0), z, null, null, cancellationToken);
        Tensor numbers = arange(xT.shape[0], ScalarType.Int64, xT.device).repeat_interleave(xT.shape[1], 0);
        Condition? condition = first.Condition?.KeepGradients(_ => false).ForItems(numbers);
        return sampler.Checked(xT.reshape([-1, .. xT.shape[2..]]), condition, null, null, cancellationToken);
    }

    private ImportanceWeights[] WeightsOf(Tensor logWeights, int batch, int particles, GuidedStep? step)
    {
        double[] all = MemoryMarshal.Cast<byte, double>(logWeights.cpu().contiguous().bytes).ToArray();
        return [.. Enumerable.Range(0, batch).Select(Of)];

        ImportanceWeights Of(int problem)
        {
            ReadOnlyMemory<double> its = all.AsMemory(problem * particles, particles);
            bool vanish = its.Span.IndexOfAnyExcept(double.NegativeInfinity) < 0;
            return !vanish && its.Span.IndexOfAny(double.NaN, double.PositiveInfinity) < 0
                ? new ImportanceWeights(its)
                : throw new InvalidOperationException(
                    (vanish ? "All weights vanish" : "A weight is no number")
                        + (step is GuidedStep at
                            ? FormattableString.Invariant($" before step {at.At.Index} (time {at.At.Time:G6})")
                            : FormattableString.Invariant($" at the end (time {Grid.End:G6})"))
                        + $" for problem {problem}. Take more particles, another covariance, a larger noise level, or a weaker reward.");
        }
    }

    private static IEnumerable<long> Rows(long[]? ancestors, int problem, int particles) =>
        Enumerable.Range(0, particles).Select(particle => ((long)problem * particles) + (ancestors?[particle] ?? particle));

    // Resampled particles count alike, and their mean weight goes into log Z.
    private static Tensor Kept(Tensor logWeights, ImportanceWeights[] weights, long[]?[] ancestors, double[] logZ, int particles)
    {
        double[] kept = new double[weights.Length * particles];
        foreach ((int problem, ImportanceWeights its) in weights.Index())
        {
            if (ancestors[problem] is null)
            {
                its.LogWeights.ToArray().CopyTo(kept, problem * particles);
            }
            else
            {
                logZ[problem] += its.LogZ;
            }
        }

        return tensor(kept, ScalarType.Float64, logWeights.device);
    }
}
