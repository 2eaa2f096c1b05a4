using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Where a backward pass begins: cotangents of states and predictions, by the rows of the table. That of the sample is one of them. Owns
/// its handles.
/// </summary>
internal sealed class Seeds : IDisposable
{
    /// <summary>Of states.</summary>
    internal Dictionary<int, Tensor> States { get; } = [];

    /// <summary>The rows whose state has a loss of its own; that of a prediction seeds the state it is taken at as well.</summary>
    internal HashSet<int> OnStates { get; } = [];

    /// <summary>Of the network's outputs, converted to the prediction of their row.</summary>
    internal Dictionary<int, Tensor> Outputs { get; } = [];

    /// <summary>Adds a cotangent to a sum.</summary>
    internal static void Add(Dictionary<int, Tensor> sums, int row, Tensor cotangent, double weight = 1)
    {
        if (sums.Remove(row, out Tensor? before))
        {
            using Tensor old = before;
            sums[row] = before.clone().AddTimes(cotangent, weight).DetachFromDisposeScope();
        }
        else
        {
            // A copy, which a transpose may add to.
            sums[row] = cotangent.Times(weight).DetachFromDisposeScope();
        }
    }

    public void Dispose()
    {
        foreach (Tensor tensor in States.Values.Concat(Outputs.Values))
        {
            tensor.Dispose();
        }
    }
}
