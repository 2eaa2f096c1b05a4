using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// One network evaluation with its graph, ready to be multiplied from the left by a cotangent. Every vector-Jacobian product of the
/// library is taken here, through <c>autograd.backward</c>, whose errors are ordinary exceptions; <c>autograd.grad</c> ends the process
/// on any.
/// </summary>
internal sealed partial class VectorJacobianProduct : IDisposable
{
    private readonly bool scales;

    private VectorJacobianProduct(Tensor x, Condition? z, Tensor output, bool scales) =>
        (X, Z, Output, this.scales) = (x, z, output, scales);

    /// <summary>Where it was evaluated.</summary>
    internal Tensor X { get; }

    /// <summary>The condition there, or null.</summary>
    internal Condition? Z { get; }

    /// <summary>The network's output, with its graph.</summary>
    internal Tensor Output { get; }

    /// <summary>
    /// Makes it again, for one that is kept while the network goes on: what its graph holds may be changed in place meanwhile (a buffer
    /// that the network writes at every call), which torch finds out when it is used.
    /// </summary>
    internal Func<VectorJacobianProduct>? Again { get; set; }

    /// <summary>Evaluates a function. The result lives in the caller's dispose scope.</summary>
    /// <param name="function">The function; z is null if it was given as null. It must not change its arguments in place.</param>
    /// <param name="x">Where, with respect to the state.</param>
    /// <param name="z">Where, with respect to the condition.</param>
    /// <param name="dtype">The dtype that the function computes in.</param>
    internal static VectorJacobianProduct Begin(
        Func<Tensor, Condition?, Tensor> function, Tensor x, Condition? z = null, ScalarType? dtype = null)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable withGraph = enable_grad();
        Tensor leaf = x.detach().requires_grad_(true);
        Condition? condition = z?.Map(entry => entry with { Values = entry.Values.detach().requires_grad_(entry.HasGradient) });
        Tensor output = function(leaf, condition).alias();
        return new VectorJacobianProduct(
            leaf.MoveToOuterDisposeScope(),
            condition?.Map(entry => entry with { Values = entry.Values.MoveToOuterDisposeScope() }),
            output.MoveToOuterDisposeScope(),
            dtype == ScalarType.Float16);
    }

    /// <summary>
    /// Multiplies a cotangent by the transposed Jacobians: with respect to x and z the product is returned, with respect to the
    /// parameters it is added to their sums. Once only: it frees the graph.
    /// </summary>
    /// <returns>
    /// The products, that with respect to x in memory that others may share; null where the graph does not reach the input, or an entry of
    /// the condition has no gradient.
    /// </returns>
    internal (Tensor? X, Tensor?[] Z) Reach(Tensor cotangent, ParameterGradients? parameters = null)
    {
        IReadOnlyList<ConditionEntry> entries = Z?.Entries ?? [];
        if (!Output.requires_grad)
        {
            return (null, new Tensor?[entries.Count]);
        }

        Tensor[] leaves = [X, .. entries.Where(entry => entry.HasGradient).Select(entry => entry.Values)];
        Tensor?[] products;
        try
        {
            parameters?.Separate(Again is not null);
            products = Reach([(Output, cotangent)], leaves, parameters, scales);
        }
        catch (ExternalException) when (Again is not null)
        {
            parameters?.Discard();
            using VectorJacobianProduct again = Again();
            return again.Reach(cotangent, parameters);
        }

        var ofEntries = new Queue<Tensor?>(products[1..]);
        return (products[0], [.. entries.Select(entry => entry.HasGradient ? Copied(ofEntries.Dequeue()) : null)]);
    }

    /// <summary>
    /// Multiplies cotangents of several outputs of one graph by the transposed Jacobians, with respect to leaves of it and to parameters.
    /// Once only: it frees the graph.
    /// </summary>
    /// <param name="outputs">Outputs and their cotangents.</param>
    /// <param name="leaves">Those whose products are returned.</param>
    /// <param name="parameters">Those to whose sums products are added.</param>
    /// <param name="scales">Whether small cotangents are scaled, for a network in float16.</param>
    /// <returns>
    /// The products, in the caller's dispose scope; null where the graph does not reach a leaf. Torch may leave one memory in several of
    /// them, and a cotangent's among them (views and sums hand it on): whoever changes one makes a copy.
    /// </returns>
    internal static Tensor?[] Reach(
        (Tensor Value, Tensor Cotangent)[] outputs,
        Tensor[] leaves,
        ParameterGradients? parameters,
        bool scales)
    {
        using DisposeScope scope = NewDisposeScope();

        // One factor suits all cotangents: that of their largest, entry by entry.
        Tensor? factor = scales
            ? CotangentScale.Of(
                outputs.Select(output => output.Cotangent.detach().abs()).Aggregate(maximum),
                perItem: parameters is null or { IsEmpty: true })
            : null;
        autograd.backward(
            Array.ConvertAll(outputs, output => output.Value),
            Array.ConvertAll(outputs, output => factor is null ? WithoutGraph(output.Cotangent) : output.Cotangent.detach() * factor),
            inputs: parameters is null or { IsEmpty: true } ? leaves : [.. leaves, .. parameters.Trainable]);
        parameters?.Collect(factor);
        return Array.ConvertAll(leaves, leaf => Taken(leaf, factor)?.MoveToOuterDisposeScope());
    }

    /// <summary>The product with respect to x, a tensor of its own: zeros where the output does not depend on it.</summary>
    internal Tensor Pull(Tensor cotangent) => Copied(Reach(cotangent).X) ?? zeros_like(X, requires_grad: false);

    /// <summary>
    /// The gradient of a sum over items with respect to a tensor, as part of the caller's graph where there is one: it can be
    /// differentiated again. The result lives in the caller's dispose scope.
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
            return (WithGraph(value, [point], ones_like(value))[0] ?? zeros_like(point)).MoveToOuterDisposeScope();
        }

        autograd.backward([value], [ones_like(value)], inputs: [point]);
        return (Taken(point, null) ?? zeros_like(x, requires_grad: false)).MoveToOuterDisposeScope();

        static void CheckValue(Tensor value, Tensor x)
        {
            if (value.dim() != 1 || value.size(0) != x.size(0) || !value.requires_grad)
            {
                throw new InvalidOperationException(
                    $"Got shape {Shapes.Text(value)}{(value.requires_grad ? "" : " without gradient")} for an input of shape "
                        + $"{Shapes.Text(x)}; a classifier returns one log-probability for each item, [{x.size(0)}], "
                        + "that depends on its input through autograd.");
            }
        }
    }

    /// <summary>Makes it outlive the dispose scopes it was made in; it must then be disposed.</summary>
    internal VectorJacobianProduct DetachFromDisposeScope()
    {
        X.DetachFromDisposeScope();
        Z?.Map(entry => entry with { Values = entry.Values.DetachFromDisposeScope() });
        Output.DetachFromDisposeScope();
        return this;
    }

    /// <summary>Hands it to the dispose scope outside of the present one.</summary>
    internal VectorJacobianProduct MoveToOuterDisposeScope()
    {
        X.MoveToOuterDisposeScope();
        Z?.Map(entry => entry with { Values = entry.Values.MoveToOuterDisposeScope() });
        Output.MoveToOuterDisposeScope();
        return this;
    }

    public void Dispose()
    {
        X.Dispose();
        foreach (ConditionEntry entry in Z?.Entries ?? [])
        {
            entry.Values.Dispose();
        }

        Output.Dispose();
    }

    private static Tensor WithoutGraph(Tensor tensor) => tensor.requires_grad ? tensor.detach() : tensor;

    private static Tensor? Taken(Tensor leaf, Tensor? factor)
    {
        Tensor? gradient = leaf.grad;
        leaf.grad = null;
        if (gradient is null || factor is null)
        {
            return gradient;
        }

        using (gradient)
        {
            return CotangentScale.Undo(gradient, factor);
        }
    }

    private static Tensor? Copied(Tensor? tensor)
    {
        using (tensor)
        {
            return tensor?.clone();
        }
    }
}
