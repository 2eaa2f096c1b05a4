using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// What an optimisation changes, as rows of numbers: a row for each item with its x_T and its z, or, where the parameters change too, one
/// row with those of all items and the parameters.
/// </summary>
/// <remarks>
/// Rows are in at least 32 bits, and in 64 where anything in them is, so that each variable comes back in its own dtype bit for bit while
/// what an optimiser changes is a copy that 16 bits do not round.
/// </remarks>
internal sealed class LatentVariables
{
    private readonly Tensor start;
    private readonly Condition? condition;
    private readonly Parameter[] parameters;
    private readonly bool movesStart;
    private readonly bool movesCondition;
    private readonly ScalarType rowType;

    internal LatentVariables(Tensor start, Condition? condition, IReadOnlyList<Parameter> parameters, OptimisationTargets targets)
    {
        (this.start, this.condition) = (start, condition);
        movesStart = targets.HasFlag(OptimisationTargets.StartNoise);
        movesCondition =
            targets.HasFlag(OptimisationTargets.Condition) && condition is { Values: var values } && values.is_floating_point();
        this.parameters = targets.HasFlag(OptimisationTargets.Parameters) ? [.. parameters] : [];
        rowType = Moved.Any(variable => variable.dtype == ScalarType.Float64) ? ScalarType.Float64 : ScalarType.Float32;
        if (!movesStart && !movesCondition && this.parameters.Length == 0)
        {
            throw new ArgumentException(
                $"Nothing would change: the targets are {targets}, but there is no condition of floating point. "
                    + $"Pass one, or optimise {OptimisationTargets.StartNoise} too.");
        }
    }

    private IEnumerable<Tensor> Moved =>
        [.. movesStart ? [start] : (Tensor[])[], .. movesCondition ? [condition!.Values] : (Tensor[])[], .. parameters];

    /// <summary>Whether all items are one row.</summary>
    internal bool Joined => parameters.Length > 0;

    internal int Batch => checked((int)start.shape[0]);

    internal int Rows => Joined ? 1 : Batch;

    /// <summary>The items of a row.</summary>
    internal int[] ItemsOf(int row) => Joined ? [.. Enumerable.Range(0, Batch)] : [row];

    /// <summary>Where it begins, [rows, n].</summary>
    internal Tensor Begin() => Pack(start, condition?.Values, parameters);

    /// <summary>The rate of each entry of a row, [n].</summary>
    internal Tensor Rates(LatentOptimisationOptions options) => Pack(
        Filled(start, options.StartNoiseRate),
        movesCondition ? Filled(condition!.Values, options.ConditionRate) : null,
        [.. parameters.Select(p => Filled(p, options.ParameterRate))])[0].clone();

    /// <summary>The rows of a gradient.</summary>
    internal Tensor Pack(SampleGradient gradient) => Pack(gradient.StartNoise, gradient.Condition, Joined ? gradient.Parameters : []);

    /// <summary>The part of the rows that is x_T, [batch, m], a view; null if it does not change.</summary>
    internal Tensor? StartOf(Tensor rows) => movesStart ? PerItem(rows).narrow(1, 0, start.numel() / Batch) : null;

    /// <summary>Which rows are still numbers in the dtypes of what they stand for: 16 bits overflow where a row does not.</summary>
    internal bool[] AreFinite(Tensor rows)
    {
        using DisposeScope scope = NewDisposeScope();
        bool[] finite = [.. Enumerable.Repeat(true, Rows)];
        foreach (Tensor part in Rounded(rows).Where(part => !Finite.Is(part)))
        {
            bool[] its = [.. part.isfinite().all(1).cpu().data<bool>()];
            finite = Joined ? [finite[0] && its.All(f => f)] : [.. finite.Zip(its, (a, b) => a && b)];
        }

        return finite;
    }

    /// <summary>x_T and z of the items. Writes the parameters.</summary>
    internal (Tensor Start, Condition? Condition) Unpack(Tensor rows)
    {
        Tensor perItem = PerItem(rows);
        long startSize = movesStart ? start.numel() / Batch : 0;
        Tensor x = movesStart ? perItem.narrow(1, 0, startSize).reshape(start.shape).to(start.dtype) : start;
        Condition? z = condition;
        if (movesCondition)
        {
            Tensor values = ItemsFirst(condition!.Values);
            Tensor moved = perItem.narrow(1, startSize, values.numel() / Batch).reshape(values.shape).to(values.dtype);
            z = condition.WithValues(condition.IsScheduled ? moved.transpose(0, 1).contiguous() : moved);
        }

        WriteParameters(rows);
        return (x, z);
    }

    /// <summary>The condition of some items, by their numbers.</summary>
    internal static Condition? Select(Condition? condition, Tensor items) =>
        condition?.WithValues(condition.Values.index_select(condition.IsScheduled ? 1 : 0, items));

    private Tensor Filled(Tensor like, double value) => ones_like(like, rowType, requires_grad: false).Times(value);

    private long SizeOfItems => (movesStart ? start.numel() : 0) + (movesCondition ? condition!.Values.numel() : 0);

    private Tensor PerItem(Tensor rows) => Joined ? rows[0].narrow(0, 0, SizeOfItems).reshape(Batch, SizeOfItems / Batch) : rows;

    private Tensor Pack(Tensor x, Tensor? z, IReadOnlyList<Tensor> weights)
    {
        Tensor[] ofItems = [.. Parts(x, z).Select(t => t.reshape(t.shape[0], -1).to(rowType))];
        if (!Joined)
        {
            return Together(ofItems, 1);
        }

        Tensor[] items = ofItems.Length == 0 ? [] : [Together(ofItems, 1).reshape(-1)];
        return Together([.. items, .. weights.Select(w => w.detach().reshape(-1).to(rowType, start.device))], 0).unsqueeze(0);
    }

    // Never the memory of a variable: of a single tensor the concatenation may be that tensor.
    private static Tensor Together(Tensor[] parts, long dimension) => parts.Length == 1 ? parts[0].clone() : cat(parts, dimension);

    // The parts of the rows in the dtypes of what they stand for, [batch, ...] of the items and [1, ...] of the parameters.
    private IEnumerable<Tensor> Rounded(Tensor rows)
    {
        long startSize = movesStart ? start.numel() / Batch : 0;
        if (movesStart)
        {
            yield return StartOf(rows)!.to(start.dtype);
        }

        if (movesCondition)
        {
            yield return PerItem(rows).narrow(1, startSize, condition!.Values.numel() / Batch).to(condition.Values.dtype);
        }

        long at = SizeOfItems;
        foreach (Parameter parameter in parameters)
        {
            yield return rows.narrow(1, at, parameter.numel()).to(parameter.dtype);
            at += parameter.numel();
        }
    }

    private IEnumerable<Tensor> Parts(Tensor x, Tensor? z)
    {
        if (movesStart)
        {
            yield return x.detach();
        }

        if (movesCondition)
        {
            yield return ItemsFirst(z!.detach());
        }
    }

    private Tensor ItemsFirst(Tensor values) => condition!.IsScheduled ? values.transpose(0, 1).contiguous() : values;

    private void WriteParameters(Tensor rows)
    {
        long at = SizeOfItems;
        foreach (Parameter parameter in parameters)
        {
            parameter.copy_(rows[0].narrow(0, at, parameter.numel()).reshape(parameter.shape));
            at += parameter.numel();
        }
    }
}
