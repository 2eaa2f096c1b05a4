using static TorchSharp.torch;

namespace Costate;

/// <summary>The numbers behind a run's table whose derivatives were asked for: times of the grid, the solver's share of noise.</summary>
/// <param name="run">The run.</param>
/// <param name="also">What was asked for.</param>
internal sealed class CoefficientGradient(SamplingRun run, GradientParts also)
{
    private const GradientParts Asked = GradientParts.Times | GradientParts.Eta;

    private readonly bool wantsTimes = also.HasFlag(GradientParts.Times);
    private readonly bool wantsEta = also.HasFlag(GradientParts.Eta);

    /// <summary>Whether any was asked for.</summary>
    internal static bool IsIn(GradientParts also) => (also & Asked) != 0 || also.HasFlag(GradientParts.NetworkTimesAreConstant);

    /// <summary>The tape, whose run has the time that the network is told as an input with a gradient.</summary>
    /// <param name="observed">The run, under observation.</param>
    /// <exception cref="InputException">What was asked for does not exist here.</exception>
    internal CoefficientTape Record(SamplingRun observed)
    {
        List<Dictionary<Coefficient, double>> derivatives = [.. wantsTimes ? Enumerable.Range(0, run.Grid.Steps + 1).Select(OfTime) : []];
        if (wantsEta)
        {
            derivatives.Add(OfEta());
        }

        return new CoefficientTape(observed with { Replay = new EvaluationReplay(comparesOutputs: true) }, derivatives);
    }

    /// <summary>The run with the time that the network is told as an input, where it moves with the grid.</summary>
    internal SamplingRun WithTold(GradientMethod method)
    {
        Check(method);
        if (!wantsTimes || also.HasFlag(GradientParts.NetworkTimesAreConstant))
        {
            return run;
        }

        Tensor shift = zeros(run.Start.shape[0], dtype: Precision.AtLeastSingle(run.CallerType), device: run.Start.device);
        var told = new ConditionEntry("t", shift, Role: ConditionRole.Time);
        return run with { Condition = new Condition([.. run.Condition?.Entries ?? [], told]) };
    }

    /// <summary>From the tape's numbers to the result: the times, [steps + 1, batch], and eta, [batch].</summary>
    internal (Tensor? Times, Tensor? Eta) Of(CoefficientTape tape)
    {
        Tensor all = run.ToCaller(tape.Derivatives);
        return (wantsTimes ? all[..(run.Grid.Steps + 1)].clone() : null, wantsEta ? all[^1].clone() : null);
    }

    private void Check(GradientMethod method)
    {
        if (method is not DiscreteMethod { IsOfAllSteps: true })
        {
            throw Refused($"the method {method}", $"{nameof(GradientMethod.Discrete)}()", "It alone has the cotangent of every row.");
        }

        if (also.HasFlag(GradientParts.NetworkTimesAreConstant) && !wantsTimes)
        {
            throw Refused("it alone", $"{GradientParts.Times} | {GradientParts.NetworkTimesAreConstant}", "");
        }

        if (wantsTimes && run.Denoiser.IsCorrected)
        {
            throw Refused(
                "a denoiser under classifier guidance", "a denoiser without it", "How the classifier depends on its time is not known.");
        }

        if (wantsTimes && run.Condition?.Entries.Any(entry => entry.Curve is not null && entry.IsShared) == true)
        {
            throw Refused("an unconditional branch that moves and is one for all items", "one for each item, or one that stays", "");
        }

        if (wantsTimes && run.Solver.IsStochastic && run.Noise is BrownianTree)
        {
            throw Refused(
                "the noise of a Brownian path in continuous time",
                $"{nameof(BrownianPath)}.{nameof(BrownianPath.PerStep)} or {nameof(BrownianPath.Recorded)}",
                "Such a path is nowhere differentiable in time.");
        }

        if (wantsTimes
            && !also.HasFlag(GradientParts.NetworkTimesAreConstant)
            && !run.Grid.NetworkTimes.SequenceEqual(run.Grid.Times))
        {
            throw Refused(
                "a grid that tells the network other times than its own, such as rounded training steps",
                "a grid that tells its own",
                $"Add {nameof(GradientParts)}.{GradientParts.NetworkTimesAreConstant} to take what it is told as constant.");
        }
    }

    private Dictionary<Coefficient, double> OfTime(int point)
    {
        IReadOnlyList<double> times = run.Grid.Times;
        if (!double.IsFinite(run.Schedule.HalfLogSnr(times[point])))
        {
            // An end without signal or noise: a coefficient may change infinitely fast there.
            var any = new Coefficient(run.Table.EvaluatedRows[0], CoefficientKind.ConvertedOutput, 0);
            return new Dictionary<Coefficient, double> { [any] = double.NaN };
        }

        return TableDerivative.Of(
            shift => run.Solver.Tabulate(run.Schedule, run.Grid.Moved(point, shift)),
            run.Denoiser.Prediction,
            times[point] - times.Where(t => t < times[point]).DefaultIfEmpty(0).Max(),
            times.Where(t => t > times[point]).DefaultIfEmpty(1).Min() - times[point]);
    }

    private Dictionary<Coefficient, double> OfEta() => run.Solver.Strength is NoiseStrength strength
        ? TableDerivative.Of(
            shift => strength.With(strength.Value + shift).Tabulate(run.Schedule, run.Grid),
            run.Denoiser.Prediction,
            strength.Value,
            strength.Largest - strength.Value)
        : throw Refused(
            run.Solver.Name,
            "a solver with a share of noise",
            $"{nameof(Solver)}.{nameof(Solver.Ddim)}(eta), {nameof(Solver.TrajectoryConsistency)}(gamma) and "
                + $"{nameof(Solver.SaSolver)}(tau: ...) have one, above 0.");

    private InputException Refused(string got, string expected, string remedy) => new(nameof(also), $"{also} with {got}", expected, remedy);
}
