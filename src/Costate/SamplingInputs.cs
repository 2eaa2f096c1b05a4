using static TorchSharp.torch;

namespace Costate;

/// <summary>Refuses what a sampler cannot run on, before any native call.</summary>
internal static class SamplingInputs
{
    /// <summary>The inputs of a run: returns the condition, with what guidance has beside it.</summary>
    internal static Condition? Check(Sampler sampler, Tensor start, Condition? z, BrownianPath? noise)
    {
        ArgumentNullException.ThrowIfNull(start);
        if (start.dim() < 1 || start.numel() == 0 || !start.is_floating_point())
        {
            throw new ArgumentException(
                $"Got x_T of shape {Shapes.Text(start)} and dtype {start.dtype}; it must be [batch, ...], not empty, "
                    + "of a floating-point dtype.",
                nameof(start));
        }

        Finite.CheckInput(start, "x_T");
        if (sampler.Solver.IsStochastic && noise is null)
        {
            throw new ArgumentException(
                $"{sampler.Solver.Name} is stochastic and needs a path: pass noise: "
                    + $"{nameof(BrownianPath)}.{nameof(BrownianPath.PerStep)}(seed). The same path replays the same sample.",
                nameof(noise));
        }

        if (sampler.Solver.IsStochastic)
        {
            noise!.Check(sampler.Table.NoiseIntervals, start);
        }

        Condition? bundle = sampler.Denoiser.Beside(z, start.shape[0]);
        foreach (ConditionEntry entry in bundle?.Entries ?? [])
        {
            Check(sampler, start, entry);
        }

        return bundle;
    }

    private static void Check(Sampler sampler, Tensor start, ConditionEntry entry)
    {
        Tensor values = entry.Values;
        if (entry.IsScheduled && values.shape[0] != sampler.Grid.Steps)
        {
            throw new ArgumentException(
                $"Got {entry.Text} scheduled with {values.shape[0]} entries for {sampler.Grid.Steps} steps; "
                    + "it has one for each interval of the grid.",
                "z");
        }

        if (entry.Curve is KnotCurve curve && !sampler.Grid.Times.All(t => t >= curve.First && t <= curve.Last))
        {
            throw new InputException(
                "z",
                FormattableString.Invariant($"knots from time {curve.First:G6} to {curve.Last:G6} of {entry.Text}"),
                $"knots that span the grid, {sampler.Grid}");
        }

        if (values.dim() <= entry.BatchDimension || (values.shape[entry.BatchDimension] != start.shape[0] && !entry.IsShared))
        {
            throw new ArgumentException(
                $"Got {entry.Text} of shape {Shapes.Text(values)} for a batch of {start.shape[0]}; it must be "
                    + $"{(entry.IsScheduled ? "[steps, batch, ...]" : entry.Curve is null ? "[batch, ...]" : "[knots, batch, ...]")}. "
                    + "Use expand or repeat for one condition shared by all items.",
                "z");
        }

        if (values.device.type != start.device.type || values.device.index != start.device.index)
        {
            throw new ArgumentException($"Got {entry.Text} on {values.device} for x_T on {start.device}; move one of them.", "z");
        }

        Finite.CheckInput(values, entry.Text);
    }

    /// <summary>The directions of a run's condition, entry by entry, zeros where none was given; checks that of x_T too.</summary>
    internal static Condition? CheckDirections(SamplingRun run, Tensor direction, Condition? conditionDirection)
    {
        ArgumentNullException.ThrowIfNull(direction);
        CheckDirection("direction", direction, run.Start, "x_T");
        Condition? condition = run.Condition?.Map(entry => entry.Role == ConditionRole.Conditional
            && conditionDirection?.Find(entry.Name)?.Values is Tensor its
            ? entry with { Values = CheckDirection(nameof(conditionDirection), its, entry.Values, entry.Text) }
            : entry with { Values = zeros_like(entry.Values, requires_grad: false) });
        string[] names = [.. (run.Condition?.Of(ConditionRole.Conditional)?.Names ?? [])];
        string expected = names.Length == 0 ? "null: there is no condition" : $"tensors named {string.Join(", ", names)}";
        return conditionDirection?.Names.Except(names).FirstOrDefault() is string unknown
            ? throw new InputException(nameof(conditionDirection), $"'{unknown}'", expected)
            : condition;
    }

    private static Tensor CheckDirection(string parameter, Tensor direction, Tensor like, string what)
    {
        if (!Shapes.Equal(direction, like) || !direction.is_floating_point() || !like.is_floating_point())
        {
            throw new InputException(
                parameter,
                $"shape {Shapes.Text(direction)} and dtype {direction.dtype}",
                $"floating-point numbers in the shape of {what}, {Shapes.Text(like)}",
                like.is_floating_point() ? "" : "What is given as integers has no direction.");
        }

        Finite.CheckInput(direction, parameter);
        return Precision.As(direction.detach(), like.dtype).to(like.device);
    }

    /// <summary>Refuses a state that was made under other settings than a sampler's, or of another kind than it draws.</summary>
    internal static void Check(Sampler sampler, NoiseState state)
    {
        // A fingerprint of the network is optional on both sides.
        string[] differences =
        [
            .. sampler.Settings
                .Where(setting =>
                    state.Settings.GetValueOrDefault(setting.Key) != setting.Value
                    && (setting.Key != Sampler.NetworkSetting || state.Settings.ContainsKey(Sampler.NetworkSetting)))
                .Select(setting =>
                    $"{setting.Key}: the state has '{state.Settings.GetValueOrDefault(setting.Key, "none")}', "
                        + $"this sampler{(setting.Key == Sampler.SolverSetting ? $", {sampler.Solver.Name}," : "")} '{setting.Value}'"),
        ];
        if (differences.Length > 0)
        {
            throw new ArgumentException(
                $"The state was made under other settings and would decode to something else. {string.Join("; ", differences)}.",
                nameof(state));
        }

        bool reversible = sampler.Table.Reversal is not null;
        if (state is ReversibleNoise != reversible)
        {
            string expected = reversible ? nameof(ReversibleNoise) : "the noise of a solver that is not reversible";
            throw new InputException(nameof(state), state.GetType().Name, $"{expected}: {sampler.Solver.Name} draws it");
        }
    }
}
