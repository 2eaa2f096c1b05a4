using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Vectors added to the states of a run at its grid points, all but the last, and the gradient with respect to them: the cotangents of those
/// states, which the adjoint sweep has anyway.
/// </summary>
/// <param name="values">[steps, batch, ...].</param>
internal sealed class ControlSignal(Tensor values)
{
    /// <summary>In the shape of the controls; what has not been received is 0.</summary>
    internal Tensor Gradient { get; } = zeros_like(values, requires_grad: false);

    /// <summary>The state of a grid point with its control; in place of the given one, which is disposed. A stage or the sample is returned as it is.</summary>
    internal Tensor AddTo(Tensor state, int? gridIndex)
    {
        if (gridIndex is not int i || i >= values.shape[0])
        {
            return state;
        }

        using Tensor control = values[i];
        Tensor sum = state.add(control);
        state.Dispose();
        return sum;
    }

    /// <summary>Takes the complete cotangent of a row.</summary>
    internal void Receive(Tensor cotangent, int? gridIndex)
    {
        if (gridIndex is int i && i < values.shape[0])
        {
            using Tensor entry = Gradient[i];
            entry.copy_(cotangent);
        }
    }
}
