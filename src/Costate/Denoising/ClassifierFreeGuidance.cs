using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Classifier-free guidance: <c>u + scale (c - u)</c>, with u the prediction under another condition. What that branch depends on lies
/// beside the condition in the bundle of a run, so that it has its gradient as everything there has.
/// </summary>
/// <param name="Unconditional">The condition of u; null where the network takes null for none.</param>
/// <param name="Scale">The scale.</param>
/// <param name="Interval">The times between which it guides; null for all.</param>
/// <param name="DoublesBatch">Whether both branches are evaluated in one call where their shapes allow.</param>
internal sealed record ClassifierFreeGuidance(Condition? Unconditional, double Scale, (double From, double To)? Interval, bool DoublesBatch)
{
    /// <summary>Whether it has one condition for all items.</summary>
    internal bool IsShared => Unconditional is null || Unconditional.Entries.All(entry => entry.IsShared);

    /// <summary>The bundle of a run: the condition with what this branch depends on beside it.</summary>
    /// <param name="z">The condition; one that has it already stays as it is.</param>
    /// <param name="batch">Items.</param>
    /// <exception cref="InputException">The other branch is of another batch, or has a name that the condition lacks.</exception>
    internal Condition? Beside(Condition? z, long batch)
    {
        if (Unconditional is null || z?.Of(ConditionRole.Unconditional) is not null)
        {
            return z;
        }

        foreach (ConditionEntry entry in Unconditional.Entries)
        {
            if (z is not null && z.Find(entry.Name) is null)
            {
                throw new InputException(
                    "unconditional",
                    $"'{entry.Name}'",
                    $"names of the condition: {string.Join(", ", z.Names)}",
                    "Both branches are inputs of one network.");
            }

            if (!entry.IsShared && entry.Values.shape[entry.BatchDimension] != batch)
            {
                string lead = entry.IsScheduled ? "steps, " : "";
                throw new InputException(
                    "unconditional",
                    $"shape {Shapes.Text(entry.Values)}",
                    $"[{lead}1, ...] or [{lead}{batch}, ...] for a batch of {batch}");
            }
        }

        return new Condition([.. z?.Entries ?? [], .. Unconditional.Entries]);
    }

    /// <summary>The bundle with the scale as an input that has a gradient, [batch].</summary>
    internal Condition WithScale(Condition? z, Tensor start)
    {
        using Scalar value = Scale;
        Tensor scale = full([start.shape[0]], value, Precision.AtLeastSingle(start.dtype), start.device);
        return new Condition([.. z?.Entries ?? [], new ConditionEntry("scale", scale, Role: ConditionRole.Scale)]);
    }

    /// <summary>The same for some items of the batch; what is one for all items stays as it is.</summary>
    internal ClassifierFreeGuidance ForItems(IReadOnlyList<int> items)
    {
        if (IsShared)
        {
            return this;
        }

        using Tensor numbers = tensor(items.Select(item => (long)item).ToArray(), device: Unconditional!.Entries[0].Values.device);
        return this with { Unconditional = Unconditional.ForItems(numbers) };
    }

    /// <summary>Network evaluations of a prediction at a time: 2, or 1 where one branch has no weight.</summary>
    internal int Evaluations(Condition? z, double time) => Uses(z, time) is (true, true) ? 2 : 1;

    /// <summary>The bundle at a time, where what belongs to a branch without weight has no gradient.</summary>
    internal Condition Used(Condition z, double time)
    {
        (bool conditional, bool other) = Uses(z, time);
        return z.Map(entry => entry with
        {
            HasGradient = entry.HasGradient && entry.Role switch
            {
                ConditionRole.Conditional => conditional || Unconditional?.Find(entry.Name) is null,
                ConditionRole.Time => true,
                _ => other,
            },
        });
    }

    /// <summary>The guided prediction.</summary>
    /// <param name="x">The state.</param>
    /// <param name="time">Time in [0, 1].</param>
    /// <param name="z">The bundle of the run in this interval.</param>
    /// <param name="answer">The network's, in the dtype of its input; it copies what it is given.</param>
    internal Tensor Guide(Tensor x, double time, Condition? z, Func<Tensor, Condition?, Tensor> answer)
    {
        (bool conditional, bool other) = Uses(z, time);
        Condition? condition = z?.Of(ConditionRole.Conditional);
        if (!other)
        {
            return answer(x, condition);
        }

        Condition? without = Without(z, condition, x.size(0));
        if (!conditional)
        {
            return answer(x, without);
        }

        Tensor u, c;
        if (DoublesBatch && Joined(without, condition) is Condition both)
        {
            Tensor[] halves = answer(cat([x, x], 0), both).chunk(2, 0);
            (u, c) = (halves[0], halves[1]);
        }
        else
        {
            (u, c) = (answer(x, without), answer(x, condition));
        }

        Tensor difference = c.sub(u);
        return u + (z?.Entries.FirstOrDefault(entry => entry.Role == ConditionRole.Scale) is { Values: var scale }
            ? difference * scale.to(x.dtype).reshape([-1, .. Enumerable.Repeat(1L, checked((int)x.dim()) - 1)])
            : difference.Times(Scale));
    }

    // Whether the weight of each branch is other than 0.
    private (bool Conditional, bool Unconditional) Uses(Condition? z, double time)
    {
        if (Interval is (double from, double to) && !(time >= from && time <= to))
        {
            return (true, false);
        }

        bool any = z?.Entries.Any(entry => entry.Role == ConditionRole.Scale) ?? false;
        return (any || Scale != 0, any || Scale != 1);
    }

    // The condition of the other branch, which has what is said of it and the condition's own for the rest.
    private static Condition? Without(Condition? z, Condition? condition, long batch)
    {
        if (z?.Of(ConditionRole.Unconditional) is not Condition said)
        {
            return null;
        }

        Condition spread = said.Map(entry => entry with { Values = entry.Values.expand([batch, .. entry.Values.shape.Skip(1)]) });
        return condition?.Map(entry => spread.Find(entry.Name) ?? entry) ?? spread;
    }

    // Both in one batch; null where they do not fit into one.
    private static Condition? Joined(Condition? first, Condition? second) =>
        first is not null && second is not null && first.Entries.Count == second.Entries.Count
            && first.Entries.Zip(second.Entries).All(pair =>
                pair.First.Name == pair.Second.Name
                && pair.First.Values.dtype == pair.Second.Values.dtype
                && Shapes.Equal(pair.First.Values, pair.Second.Values))
            ? first.WithValues([.. first.Entries.Zip(second.Entries, (u, c) => cat([u.Values, c.Values], 0))])
            : null;
}
