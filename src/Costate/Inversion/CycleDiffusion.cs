using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Recovers noise vectors from a sample (Wu and De la Torre 2023), for any stochastic table with one noise vector a step.
/// </summary>
internal static class CycleDiffusion
{
    /// <summary>Encodes <c>run.Start</c>, the state at the end of the grid; the draws come from <c>run.Noise</c>.</summary>
    internal static EncodedNoise Encode(SamplingRun run, IReadOnlyDictionary<string, string> settings) =>
        run.Outputs.During(() => Recover(run, settings));

    private static EncodedNoise Recover(SamplingRun run, IReadOnlyDictionary<string, string> settings)
    {
        SolverTable table = run.Table;
        SchedulePoint[] points = [.. run.Grid.Times.Select(t => SchedulePoint.At(run.Schedule, t))];
        Check(run, points.Length);
        Tensor x0 = run.Start;
        SchedulePoint end = points[^1];
        Tensor start = Draw(run, 0, x0.Times(points[0].Alpha / end.Alpha), Math.Sqrt(VarianceSince(end, points[0])));
        var executor = new TableExecutor(run with { Start = start });
        using LiveSet live = executor.Begin();
        var vectors = new Tensor[run.Grid.Steps];
        for (int i = 0; i < vectors.Length; i++)
        {
            // The step with the drawn vector n gives A x + B m + C n; the vector that leads to the wanted state instead is n + (wanted -
            // given)/C.
            using Tensor before = live.States[i].alias();
            executor.Advance(live, i);

            using DisposeScope scope = NewDisposeScope();
            TableTerm noise = table.Rows[i + 1].Inputs[0];
            Tensor wanted = Posterior(run, points, i + 1, before);
            Tensor drawn = run.Noise!.Normal(noise.Index, table.NoiseIntervals[noise.Index], x0);
            vectors[i] = wanted.sub(live.States[i + 1]).DivideBy(noise.Weight).add_(drawn).MoveToOuterDisposeScope();
            live.States[i + 1].Dispose();
            live.States[i + 1] = wanted.MoveToOuterDisposeScope();
        }

        return new EncodedNoise(start, stack(vectors), run.CallerType, settings);
    }

    private static void Check(SamplingRun run, int points)
    {
        string? reason = !run.Solver.IsStochastic ? "adds no noise, so a sample does not determine any. Use a stochastic solver."
            : run.Table.Rows.Count != points || run.Table.Rows.Skip(1).Any(row => row.Inputs.Count > 1)
                ? "draws noise within its steps, and a sample does not determine that. Use a solver with one noise vector a step, "
                    + $"such as {nameof(Solver.SdeDpmSolverPlusPlus)}."
            : run.Table.Rows.Skip(1).Any(row => row.Inputs.Count == 0)
                ? $"takes a step without noise on this grid ({run.Grid}), to where sigma is 0, so that a sample does not determine the "
                    + "step's noise. Use a grid that ends earlier, above time 0."
            : null;
        if (reason is not null)
        {
            throw new InvalidOperationException($"{run.Solver.Name} {reason}");
        }

        if (run.Noise is RecordedNoise)
        {
            throw new InputException(
                "noise",
                "recorded noise",
                $"a path that draws as many vectors as it is asked for: {nameof(BrownianPath)}.{nameof(BrownianPath.PerStep)}(seed)",
                "The states that encode a sample are drawn from it, beside the noise of the steps.");
        }
    }

    // q(x_i | x_{i-1}, x_end), i - 1 being the noisier: the Gaussian bridge of the forward process.
    private static Tensor Posterior(SamplingRun run, SchedulePoint[] points, int i, Tensor noisier)
    {
        (SchedulePoint u, SchedulePoint s, SchedulePoint end) = (points[i - 1], points[i], points[^1]);
        if (i == points.Length - 1)
        {
            return run.Start.alias();
        }

        (double toU, double toS, double sToU) = (VarianceSince(end, u), VarianceSince(end, s), VarianceSince(s, u));
        Tensor mean = noisier.Times(u.Alpha / s.Alpha * toS / toU).AddTimes(run.Start, s.Alpha / end.Alpha * sToU / toU);
        return Draw(run, i, mean, Math.Sqrt(sToU * toS / toU));
    }

    /// <summary>Variance of x_u given x_s, for u noisier than s.</summary>
    private static double VarianceSince(SchedulePoint s, SchedulePoint u) =>
        (u.Sigma * u.Sigma) - Math.Pow(u.Alpha / s.Alpha * s.Sigma, 2);

    // Draws for states use counters of their own, past those of the run.
    private static Tensor Draw(SamplingRun run, int state, Tensor mean, double deviation) =>
        mean.AddTimes(run.Noise!.Normal(run.Grid.Steps + state, default, run.Start), deviation);
}
