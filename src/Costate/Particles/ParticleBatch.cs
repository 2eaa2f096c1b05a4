using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The particles of all problems as rows of one batch, those of a problem together; the network is called for some of them at a time.
/// </summary>
/// <param name="run">The run of all rows.</param>
/// <param name="steps">The steps' numbers.</param>
/// <param name="particles">Of a problem.</param>
/// <param name="atOnce">The most rows in one call.</param>
/// <param name="seeds">Of the noise of each row.</param>
internal sealed class ParticleBatch(
    SamplingRun run, IReadOnlyList<GuidedStep> steps, int particles, int atOnce, NoiseSeeds seeds = default)
{
    internal SamplingRun Run => run;

    internal NoiseSeeds Seeds => seeds;

    private int Rows { get; } = checked((int)run.Start.shape[0]);

    internal int Particles => particles;

    internal IReadOnlyList<GuidedStep> Steps => steps;

    /// <summary>A measurement of each problem as one of each particle.</summary>
    internal Measurement ForRows(Measurement measurement)
    {
        Tensor observation = measurement.Observation;
        return observation.shape[0] == 1 ? measurement
            : new Measurement(measurement.Operator, observation.repeat_interleave(particles, 0), measurement.NoiseLevel);
    }

    /// <summary>What states say of the measurement, in the caller's dispose scope.</summary>
    internal DataEstimate Estimate(int step, Tensor x, Measurement ofRows, DataCovariance covariance)
    {
        DataEstimate[] parts = [.. Parts(step, x, ofRows).Select(part => covariance.Estimate(part, wantsDensity: true))];
        return parts.Length == 1 ? parts[0] : new DataEstimate(
            cat([.. parts.Select(part => part.Data)], 0),
            cat([.. parts.Select(part => part.Score)], 0),
            cat([.. parts.Select(part => part.LogLikelihood!)], 0));
    }

    /// <summary>The predicted data, in the caller's dispose scope.</summary>
    internal Tensor Predict(int step, Tensor x)
    {
        Tensor[] parts = [.. Parts(step, x, null).Select(part => part.Predict())];
        return parts.Length == 1 ? parts[0] : cat(parts, 0);
    }

    /// <summary>As many rows as are taken at once, with what is theirs; a step that only predicts asks for no measurement.</summary>
    internal IEnumerable<PosteriorStep> Parts(int step, Tensor x, Measurement? ofRows)
    {
        for (int first = 0; first < Rows; first += atOnce)
        {
            run.Cancellation.ThrowIfCancellationRequested();
            int start = first, count = Math.Min(atOnce, Rows - first);
            Tensor some = count == Rows ? x.alias() : x.narrow(0, first, count);
            Measurement? its = ofRows is null || ofRows.Observation.shape[0] == 1 ? ofRows
                : new Measurement(ofRows.Operator, ofRows.Observation.narrow(0, first, count), ofRows.NoiseLevel);
            SamplingRun part = run with
            {
                Start = some,
                Condition = run.Condition?.ForItems(arange(first, first + count, ScalarType.Int64, x.device)),
                Admit = (_, at, output) =>
                {
                    CheckOutput(output, at, start);
                    return output;
                },
            };

            yield return new PosteriorStep(part, steps[step], some, its!, () => throw new InvalidOperationException());
        }
    }

    private void CheckOutput(Tensor output, EvaluationPoint at, int first)
    {
        if (Finite.Is(output.detach()))
        {
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor bad = output.detach().isfinite().logical_not().reshape(output.shape[0], -1).any(1);
        long row = first + bad.to(ScalarType.Int64).argmax().item<long>();
        throw new InvalidOperationException(
            FormattableString.Invariant($"The network returned NaN or infinity at step {at.Interval} (time {at.Time:R}) for particle ")
                + $"{row % particles} of problem {row / particles}. Check its weights and dtype, or guide less strongly.");
    }
}
