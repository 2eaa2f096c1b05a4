using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Every vector-Jacobian product of the library is taken here, through <c>autograd.backward</c>, whose errors are ordinary
/// exceptions; <c>autograd.grad</c> ends the process on any.
/// </summary>
internal static class VectorJacobianProduct
{
    /// <summary>
    /// Evaluates <paramref name="network"/> once with a graph and multiplies its transposed Jacobians by a cotangent: with respect
    /// to x and z they are returned, with respect to the parameters they are added to the parameters' <c>grad</c>.
    /// </summary>
    /// <param name="network">The function; z is null if it was given as null.</param>
    /// <param name="x">Where, with respect to the state.</param>
    /// <param name="z">Where, with respect to the condition; may be of an integer dtype, which has no gradient.</param>
    /// <param name="parameters">Parameters that receive their product.</param>
    /// <param name="cotangentOf">The cotangent of the output, which may depend on it.</param>
    internal static (Tensor X, Tensor? Z) Take(
        Func<Tensor, Tensor?, Tensor> network, Tensor x, Tensor? z, IReadOnlyList<Parameter> parameters, Func<Tensor, Tensor> cotangentOf)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withGraph = enable_grad();
        Tensor leaf = x.detach().requires_grad_(true);
        bool conditionHasGradient = z is not null && z.is_floating_point();
        Tensor? condition = conditionHasGradient ? z!.detach().requires_grad_(true) : z;

        Tensor output = network(leaf, condition);
        Tensor cotangent = cotangentOf(output.detach()).detach();
        if (output.requires_grad)
        {
            List<Tensor> inputs = conditionHasGradient ? [leaf, condition!] : [leaf];
            inputs.AddRange(parameters);
            autograd.backward([output], [cotangent], inputs: inputs);
        }

        return (Gradient(leaf), conditionHasGradient ? Gradient(condition!) : null);
    }

    // An input that the output does not depend on has no grad; its product is zero.
    private static Tensor Gradient(Tensor leaf) => (leaf.grad ?? zeros_like(leaf)).MoveToOuterDisposeScope();
}
