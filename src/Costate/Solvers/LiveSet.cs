using static TorchSharp.torch;

namespace Costate;

/// <summary>The states and predictions that later rows of a table still use, by row. Owns its handles.</summary>
internal sealed class LiveSet : IDisposable
{
    internal Dictionary<int, Tensor> States { get; } = [];

    internal Dictionary<int, Tensor> Outputs { get; } = [];

    internal IEnumerable<Tensor> Tensors => States.Values.Concat(Outputs.Values);

    /// <summary>A second set of handles to the same values.</summary>
    internal LiveSet Share()
    {
        var copy = new LiveSet();
        foreach ((int row, Tensor state) in States)
        {
            copy.States[row] = state.alias();
        }

        foreach ((int row, Tensor output) in Outputs)
        {
            copy.Outputs[row] = output.alias();
        }

        return copy;
    }

    /// <summary>Disposes what no row after <paramref name="row"/> uses; the state of that row itself stays.</summary>
    internal void Trim(int row, SolverTable table)
    {
        foreach ((int i, Tensor state) in States)
        {
            if (i != row && table.LastUseOfState(i) <= row)
            {
                state.Dispose();
                States.Remove(i);
            }
        }

        foreach ((int i, Tensor output) in Outputs)
        {
            if (table.LastUseOfOutput(i) <= row)
            {
                output.Dispose();
                Outputs.Remove(i);
            }
        }
    }

    public void Dispose()
    {
        foreach (Tensor tensor in Tensors)
        {
            tensor.Dispose();
        }
    }
}
