using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Gradients of tensors with respect to tensors, with errors that are exceptions.</summary>
public static class Autograd
{
    /// <summary>
    /// What <c>torch.autograd.grad</c> computes: gradients of outputs with respect to inputs, returned and not added to their <c>grad</c>.
    /// </summary>
    /// <remarks>
    /// <c>torch.autograd.grad</c> of TorchSharp 0.107 ends the process on any error: a graph that was freed, an unused input, an exception
    /// of a network inside <see cref="Sampler.Differentiable"/>. This one is built on <c>backward</c>, whose errors are exceptions. The
    /// <c>grad</c> of leaves is as it was afterwards; weights inside <see cref="Sampler.Differentiable"/> get theirs as by <c>backward</c>.
    /// Not for inputs that another thread differentiates with respect to at the same time.
    /// </remarks>
    /// <param name="outputs">What is differentiated; with <paramref name="cotangents"/> left out, each has one element.</param>
    /// <param name="inputs">With respect to what; leaves, or tensors computed from them.</param>
    /// <param name="cotangents">One for each output, in its shape. The default is 1.</param>
    /// <param name="retainGraph">Whether the graph can be used again. The default is false.</param>
    /// <param name="createGraph">Whether the gradients have a graph of their own, which keeps the first. The default is false.</param>
    /// <returns>One gradient for each input, in its shape and dtype, in the caller's dispose scope; zeros where no output depends on
    /// it.</returns>
    /// <exception cref="InputException">An input needs no gradient; the numbers of outputs and cotangents differ.</exception>
    /// <exception cref="System.Runtime.InteropServices.ExternalException">Torch refused; for a sampler, <see cref="Sampler.BackwardError"/>
    /// says why.</exception>
    public static IReadOnlyList<Tensor> Gradients(
        IReadOnlyList<Tensor> outputs,
        IReadOnlyList<Tensor> inputs,
        IReadOnlyList<Tensor>? cotangents = null,
        bool retainGraph = false,
        bool createGraph = false)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        ArgumentNullException.ThrowIfNull(inputs);
        if (cotangents is not null && cotangents.Count != outputs.Count)
        {
            throw new InputException(nameof(cotangents), $"{cotangents.Count} tensors", $"one for each of the {outputs.Count} outputs");
        }

        for (int i = 0; i < inputs.Count; i++)
        {
            if (!inputs[i].requires_grad)
            {
                throw new InputException(
                    nameof(inputs),
                    $"tensor {i}, which needs no gradient,",
                    "tensors that need one",
                    "Set requires_grad before it is used.");
            }
        }

        using DisposeScope scope = NewDisposeScope();

        // Torch warns where the grad of a tensor that is no leaf is looked at.
        Tensor?[] callers = [.. inputs.Select(input => input.is_leaf ? input.grad : null)];
        try
        {
            foreach (Tensor input in inputs)
            {
                input.grad = null;
            }

            autograd.backward(outputs.ToArray(), cotangents?.ToArray(), retainGraph || createGraph, createGraph, inputs.ToArray());

            // One memory may serve several of them.
            return [.. inputs.Select(input => (input.grad?.clone() ?? zeros_like(input, requires_grad: false)).MoveToOuterDisposeScope())];
        }
        finally
        {
            foreach ((Tensor input, Tensor? grad) in inputs.Zip(callers))
            {
                input.grad = grad;
            }
        }
    }
}
