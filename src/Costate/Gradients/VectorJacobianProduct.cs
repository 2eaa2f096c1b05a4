using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// One network evaluation with its graph, ready to be multiplied from the left by a cotangent. Every vector-Jacobian product of the
/// library is taken here, through <c>autograd.backward</c>, whose errors are ordinary exceptions; <c>autograd.grad</c> ends the process
/// on any.
/// </summary>
internal sealed class VectorJacobianProduct : IDisposable
{
    // The gradient with a graph of its own. backward would do too, but it warns, the first time, of the cycle that x.grad makes then.
    // In TorchScript the errors of autograd.grad are ordinary exceptions.
    private static readonly Lazy<jit.CompilationUnit> Script = new(() => jit.compile("""
        def gradient(value: Tensor, point: Tensor, cotangent: Tensor):
            cotangents: List[Optional[Tensor]] = [cotangent]
            gradients = torch.autograd.grad([value], [point], cotangents, create_graph=True, allow_unused=True)
            gradient = gradients[0]
            if gradient is None:
                return torch.zeros_like(point)
            else:
                return gradient

        """));

    private readonly Tensor x;
    private readonly Tensor? z;

    private VectorJacobianProduct(Tensor x, Tensor? z, Tensor output)
    {
        this.x = x;
        this.z = z;
        Output = output;
    }

    /// <summary>The network's output, with its graph.</summary>
    internal Tensor Output { get; }

    /// <summary>Evaluates a network. The result lives in the caller's dispose scope.</summary>
    /// <param name="network">The function; z is null if it was given as null.</param>
    /// <param name="x">Where, with respect to the state.</param>
    /// <param name="z">Where, with respect to the condition; may be of an integer dtype, which has no gradient.</param>
    internal static VectorJacobianProduct Begin(Func<Tensor, Tensor?, Tensor> network, Tensor x, Tensor? z)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withGraph = enable_grad();
        Tensor leaf = x.detach().requires_grad_(true);
        Tensor? condition = z is null ? null : z.is_floating_point() ? z.detach().requires_grad_(true) : z.alias();
        Tensor output = network(leaf, condition).alias();
        return new VectorJacobianProduct(leaf.MoveToOuterDisposeScope(), condition?.MoveToOuterDisposeScope(), output.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// Multiplies a cotangent by the transposed Jacobians: with respect to x and z the product is returned, with respect to the
    /// parameters it is added to their <c>grad</c>. Once only: it frees the graph.
    /// </summary>
    internal (Tensor X, Tensor? Z) Pull(IReadOnlyList<Parameter> parameters, Tensor cotangent)
    {
        using DisposeScope scope = NewDisposeScope();
        bool conditionHasGradient = z?.requires_grad ?? false;
        if (Output.requires_grad)
        {
            List<Tensor> inputs = conditionHasGradient ? [x, z!] : [x];
            inputs.AddRange(parameters);
            autograd.backward([Output], [cotangent.detach()], inputs: inputs);
        }

        return (Gradient(x), conditionHasGradient ? Gradient(z!) : null);
    }

    /// <summary>
    /// The gradient of a sum over items with respect to a tensor, as part of the caller's graph where there is one: it can be differentiated
    /// again. The result lives in the caller's dispose scope.
    /// </summary>
    internal static Tensor DifferentiableGradient(Func<Tensor, Tensor> function, Tensor x)
    {
        using DisposeScope scope = NewDisposeScope();
        bool continues = is_grad_enabled() && x.requires_grad;
        using IDisposable withGraph = enable_grad();

        // A node of its own: the function's gradient stops there, the gradient of the gradient goes on to x.
        Tensor point = continues ? x.view_as(x) : x.detach().requires_grad_(true);
        Tensor value = function(point);
        CheckValue(value, x);
        if (continues)
        {
            return ((Tensor)Script.Value.invoke("gradient", value, point, ones_like(value))).MoveToOuterDisposeScope();
        }

        autograd.backward([value], [ones_like(value)], inputs: [point]);
        return Gradient(point);

        static void CheckValue(Tensor value, Tensor x)
        {
            if (value.dim() != 1 || value.size(0) != x.size(0) || !value.requires_grad)
            {
                throw new InvalidOperationException($"Got shape {Shapes.Text(value)}{(value.requires_grad ? "" : " without gradient")} for an input of shape {Shapes.Text(x)}; a classifier returns one log-probability for each item, [{x.size(0)}], that depends on its input through autograd.");
            }
        }
    }

    /// <summary>Makes it outlive the dispose scopes it was made in; it must then be disposed.</summary>
    internal VectorJacobianProduct DetachFromDisposeScope()
    {
        x.DetachFromDisposeScope();
        z?.DetachFromDisposeScope();
        Output.DetachFromDisposeScope();
        return this;
    }

    public void Dispose()
    {
        x.Dispose();
        z?.Dispose();
        Output.Dispose();
    }

    // An input that the output does not depend on has no grad; its product is zero.
    private static Tensor Gradient(Tensor leaf) => (leaf.grad ?? zeros_like(leaf, requires_grad: false)).MoveToOuterDisposeScope();
}
