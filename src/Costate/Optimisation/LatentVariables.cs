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

    // Which tensors of the condition change, by their numbers in the bundle.
    private readonly int[] moved;
    private readonly ScalarType rowType;

    /// <param name="start">x_T.</param>
    /// <param name="condition">The bundle of a run. What is shared by all items and changes is spread over them: each has its own.</param>
    /// <param name="parameters">The parameters of the denoiser.</param>
    /// <param name="targets">What changes.</param>
    internal LatentVariables(Tensor start, Condition? condition, IReadOnlyList<Parameter> parameters, OptimisationTargets targets)
    {
        this.start = start;
        movesStart = targets.HasFlag(OptimisationTargets.StartNoise);
        this.condition = condition?.Map(entry => Moves(entry) && entry.IsShared ? Spread(entry) : entry);
        moved = [.. (this.condition?.Entries ?? []).Index().Where(pair => Moves(pair.Item)).Select(pair => pair.Index)];
        this.parameters = targets.HasFlag(OptimisationTargets.Parameters) ? [.. parameters] : [];
        rowType = Changing.Any(variable => variable.dtype == ScalarType.Float64) ? ScalarType.Float64 : ScalarType.Float32;
        if (!movesStart && moved.Length == 0 && this.parameters.Length == 0)
        {
            throw new ArgumentException(
                $"Nothing would change: the targets are {targets}, but there is no condition of floating point. "
                    + $"Pass one, or optimise {OptimisationTargets.StartNoise} too.");
        }

        bool Moves(ConditionEntry entry) => entry.Values.is_floating_point() && entry.Role switch
        {
            ConditionRole.Conditional => targets.HasFlag(OptimisationTargets.Condition),
            ConditionRole.Unconditional => targets.HasFlag(OptimisationTargets.Unconditional),
            _ => false,
        };

        ConditionEntry Spread(ConditionEntry entry) => entry with
        {
            Values = entry.BatchDimension == 1
                ? entry.Values.expand([entry.Values.shape[0], Batch, .. entry.Values.shape.Skip(2)]).clone()
                : entry.Values.expand([Batch, .. entry.Values.shape.Skip(1)]).clone(),
        };
    }

    private IEnumerable<Tensor> Changing => [.. movesStart ? [start] : (Tensor[])[], .. MovedEntries.Select(e => e.Values), .. parameters];

    private IEnumerable<ConditionEntry> MovedEntries => moved.Select(i => condition!.Entries[i]);

    /// <summary>Whether all items are one row.</summary>
    internal bool Joined => parameters.Length > 0;

    internal int Batch => checked((int)start.shape[0]);

    internal int Rows => Joined ? 1 : Batch;

    /// <summary>The items of a row.</summary>
    internal int[] ItemsOf(int row) => Joined ? [.. Enumerable.Range(0, Batch)] : [row];

    /// <summary>Where it begins, [rows, n].</summary>
    internal Tensor Begin() => Pack(start, [.. MovedEntries.Select(entry => entry.Values)], parameters);

    /// <summary>The rate of each entry of a row, [n].</summary>
    internal Tensor Rates(LatentOptimisationOptions options) => Pack(
        Filled(start, options.StartNoiseRate),
        [.. MovedEntries.Select(entry => Filled(entry.Values, options.ConditionRate))],
        [.. parameters.Select(p => Filled(p, options.ParameterRate))])[0].clone();

    /// <summary>The rows of a gradient.</summary>
    internal Tensor Pack(SampleGradient gradient) =>
        Pack(gradient.StartNoise, Moved(gradient.Conditions, gradient.Unconditional), Joined ? gradient.Parameters : []);

    /// <summary>The rows of a product with a second derivative; not where parameters change.</summary>
    internal Tensor Pack(HessianProduct product) => Pack(product.StartNoise, Moved(product.Conditions, product.Unconditional), []);

    /// <summary>Rows as a direction of x_T and the condition, entry by entry; what does not change has zeros.</summary>
    internal (Tensor Start, Condition? Condition) Directions(Tensor rows)
    {
        (Tensor x, Condition? values) = Unpack(rows);
        int entry = 0;
        return (
            movesStart ? x : zeros_like(start, requires_grad: false),
            values?.Map(each => moved.Contains(entry++) ? each : each with { Values = zeros_like(each.Values, requires_grad: false) }));
    }

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

    /// <summary>x_T and the condition of the items. Writes the parameters.</summary>
    internal (Tensor Start, Condition? Condition) Unpack(Tensor rows)
    {
        Tensor perItem = PerItem(rows);
        Tensor x = movesStart ? perItem.narrow(1, 0, start.numel() / Batch).reshape(start.shape).to(start.dtype) : start;
        Tensor[] values = [.. (condition?.Entries ?? []).Select(entry => entry.Values)];
        foreach ((int i, Tensor part) in moved.Zip(PartsOf(perItem)))
        {
            ConditionEntry entry = condition!.Entries[i];
            Tensor first = ItemsFirst(entry, entry.Values);
            Tensor now = part.reshape(first.shape).to(first.dtype);
            values[i] = entry.BatchDimension == 1 ? now.transpose(0, 1).contiguous() : now;
        }

        WriteParameters(rows);
        return (x, condition?.WithValues(values));
    }

    private Tensor[] Moved(IReadOnlyDictionary<string, Tensor> conditions, IReadOnlyDictionary<string, Tensor> unconditional) =>
        [.. MovedEntries.Select(entry => (entry.Role == ConditionRole.Unconditional ? unconditional : conditions)[entry.Name])];

    private Tensor Filled(Tensor like, double value) => ones_like(like, rowType, requires_grad: false).Times(value);

    private long SizeOfItems => (movesStart ? start.numel() : 0) + MovedEntries.Sum(entry => entry.Values.numel());

    private Tensor PerItem(Tensor rows) => Joined ? rows[0].narrow(0, 0, SizeOfItems).reshape(Batch, SizeOfItems / Batch) : rows;

    private Tensor Pack(Tensor x, IReadOnlyList<Tensor> z, IReadOnlyList<Tensor> weights)
    {
        IEnumerable<Tensor> parts = MovedEntries.Zip(z, (entry, values) => ItemsFirst(entry, values.detach()));
        Tensor[] ofItems = [.. parts.Prepend(x.detach()).Skip(movesStart ? 0 : 1).Select(t => t.reshape(t.shape[0], -1).to(rowType))];
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
        if (movesStart)
        {
            yield return StartOf(rows)!.to(start.dtype);
        }

        foreach ((ConditionEntry entry, Tensor part) in MovedEntries.Zip(PartsOf(PerItem(rows))))
        {
            yield return part.to(entry.Values.dtype);
        }

        long at = SizeOfItems;
        foreach (Parameter parameter in parameters)
        {
            yield return rows.narrow(1, at, parameter.numel()).to(parameter.dtype);
            at += parameter.numel();
        }
    }

    // The columns of each tensor of the condition that changes, [batch, m], views.
    private IEnumerable<Tensor> PartsOf(Tensor perItem)
    {
        long at = movesStart ? start.numel() / Batch : 0;
        foreach (long size in MovedEntries.Select(entry => entry.Values.numel() / Batch))
        {
            yield return perItem.narrow(1, at, size);
            at += size;
        }
    }

    private static Tensor ItemsFirst(ConditionEntry entry, Tensor values) =>
        entry.BatchDimension == 1 ? values.transpose(0, 1).contiguous() : values;

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
