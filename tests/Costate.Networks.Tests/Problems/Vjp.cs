using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>Vector-Jacobian products of a network called by itself.</summary>
internal static class Vjp
{
    /// <summary>The output, and the product of a cotangent with the Jacobian by each input.</summary>
    public static (Tensor Output, Tensor[] Products) Take(Func<Tensor[], Tensor> network, Tensor cotangent, params Tensor[] inputs)
    {
        using var scope = NewDisposeScope();
        Tensor[] leaves = [.. inputs.Select(input => input.detach().clone().requires_grad_(true))];
        Tensor output = network(leaves);
        autograd.backward([output], [cotangent], inputs: leaves);
        return (output.detach().MoveToOuterDisposeScope(), [.. leaves.Select(leaf => leaf.grad!.MoveToOuterDisposeScope())]);
    }
}
