using static TorchSharp.torch;

namespace Costate;

/// <summary>The states and predictions that later rows of a table still use, by row. Owns its handles.</summary>
internal sealed class LiveSet : IDisposable
{
    internal Dictionary<int, Tensor> States { get; } = [];

    /// <summary>What 64 bits leave of the states of a reversible solver: such a state is the sum of both.</summary>
    internal Dictionary<int, Tensor> Remainders { get; } = [];

    internal Dictionary<int, Tensor> Outputs { get; } = [];

    /// <summary>Each state with what 64 bits leave of it, and each prediction.</summary>
    internal IEnumerable<(Tensor Tensor, Tensor? Remainder)> Kept =>
        [
            .. States.Select(entry => (entry.Value, Remainders.GetValueOrDefault(entry.Key))),
            .. Outputs.Values.Select(output => (output, (Tensor?)null)),
        ];

    private Dictionary<int, Tensor>[] Parts => [States, Remainders, Outputs];

    /// <summary>Holds handles of its own to a state and what 64 bits leave of it.</summary>
    internal void Hold(int row, Tensor state, Tensor? remainder)
    {
        States[row] = state.alias();
        if (remainder is not null)
        {
            Remainders[row] = remainder.alias();
        }
    }

    /// <summary>A second set of handles to the same values.</summary>
    internal LiveSet Share()
    {
        var copy = new LiveSet();
        foreach ((Dictionary<int, Tensor> from, Dictionary<int, Tensor> to) in Parts.Zip(copy.Parts))
        {
            foreach ((int row, Tensor tensor) in from)
            {
                to[row] = tensor.alias();
            }
        }

        return copy;
    }

    /// <summary>Disposes what no row after <paramref name="row"/> uses; the state of that row itself stays.</summary>
    internal void Trim(int row, SolverTable table)
    {
        Drop(States, i => i != row && table.LastUseOfState(i) <= row);
        Drop(Remainders, i => i != row && table.LastUseOfState(i) <= row);
        Drop(Outputs, i => table.LastUseOfOutput(i) <= row);
    }

    /// <summary>Disposes the entries of some rows.</summary>
    internal static void Drop(Dictionary<int, Tensor> held, Func<int, bool> unused)
    {
        foreach ((int row, Tensor tensor) in held)
        {
            if (unused(row))
            {
                tensor.Dispose();
                held.Remove(row);
            }
        }
    }

    public void Dispose()
    {
        foreach (Tensor tensor in Parts.SelectMany(part => part.Values))
        {
            tensor.Dispose();
        }
    }
}
