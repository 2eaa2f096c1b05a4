using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// What a node of ours gives the engine when its backward pass has failed, since an exception cannot leave it: a gradient of a shape that
/// <c>backward()</c> refuses with an ordinary exception, for every input, because the engine looks only at those that need one. That
/// refusal ends the process under <c>autograd.grad</c>, which gets NaN instead.
/// </summary>
internal sealed class FailedBackward
{
    private readonly (long[] Shape, ScalarType Dtype, Device Device)?[] inputs;

    /// <param name="inputs">The inputs of the node; null or without gradient where nothing is owed.</param>
    internal FailedBackward(IEnumerable<Tensor?> inputs) =>
        this.inputs = [
            .. inputs.Select(input =>
                input is { requires_grad: true } ? (input.shape, input.dtype, input.device) : ((long[], ScalarType, Device)?)null),
        ];

    /// <summary>A gradient for each input. The caller's dispose scope receives them.</summary>
    internal IEnumerable<Tensor> Gradients()
    {
        bool throws = CalledByBackward();
        using Scalar nan = double.NaN;
        return [.. inputs.Select(input => input is not (long[] shape, ScalarType dtype, Device device) ? null!
            : throws ? zeros(Array.Empty<long>(), dtype: dtype, device: device)
            : full(shape, nan, dtype, device))];
    }

    // The nearest native call below us started the engine. On a thread of the engine's own there is none, and it may be autograd.grad.
    private static bool CalledByBackward() => new StackTrace().GetFrames()
        .Select(frame => frame.GetMethod())
        .FirstOrDefault(method => method?.DeclaringType?.Name == "NativeMethods")
        ?.Name.EndsWith("_backward", StringComparison.Ordinal) ?? false;
}
