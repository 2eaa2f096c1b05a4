using static TorchSharp.torch;

namespace Costate;

/// <summary>Gives the states of a forward run to an adjoint that goes through them from the sample to the start.</summary>
internal interface IStateSource : IDisposable
{
    /// <summary>Sees every grid state of the forward run, in order.</summary>
    void Record(int gridIndex, Tensor state);

    /// <summary>The state at a node. The caller disposes it. Nodes come from the sample towards the start.</summary>
    /// <param name="node">The node, time falling with its index as on a grid.</param>
    /// <param name="point">The schedule there.</param>
    Tensor At(int node, SchedulePoint point);

    /// <summary>Is told the network's own output at the node just passed, and the node that comes next.</summary>
    void Passed(int node, SchedulePoint at, SchedulePoint next, Tensor output);
}
