using static TorchSharp.torch;

namespace Costate;

/// <summary>A tape of a batch whose items run on grids of their own: one tape for each.</summary>
/// <param name="tapes">The tapes of its items, which are disposed with this one.</param>
/// <param name="condition">The condition of the batch.</param>
internal sealed class ItemwiseTape(IReadOnlyList<GradientTape> tapes, Condition? condition) : GradientTape
{
    private readonly Tensor sample = cat([.. tapes.Select(tape => tape.Sample)], 0);

    internal override Tensor Sample => sample;

    internal override double? ReconstructionDrift => tapes.Max(tape => tape.ReconstructionDrift);

    public override void Dispose()
    {
        sample.Dispose();
        foreach (GradientTape tape in tapes)
        {
            tape.Dispose();
        }
    }

    internal override Cotangents PullBack(Seeds seeds, Tensor cotangent)
    {
        Cotangents[] parts = [.. tapes.Select((tape, item) => tape.PullBack(cotangent.narrow(0, item, 1)))];
        return new Cotangents(
            cat([.. parts.Select(part => part.Start)], 0),
            [.. (condition?.Entries ?? []).Select((entry, i) => Together(entry, [.. parts.Select(part => part.Condition[i])]))],
            [],
            [.. parts[0].Parameters.Select((first, i) => parts.Skip(1).Aggregate(first, (sum, part) => sum.add_(part.Parameters[i])))]);
    }

    // What all items share has the sum of their gradients.
    private static Tensor? Together(ConditionEntry entry, Tensor?[] parts) => parts[0] is null ? null
        : entry.IsShared ? parts.Skip(1).Aggregate(parts[0]!, (sum, part) => sum.add_(part!))
        : cat([.. parts.Select(part => part!)], entry.BatchDimension);
}
