using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Evaluates a user's loss and its gradient, and says what is wrong with it.</summary>
internal static class LossFunction
{
    /// <summary>The loss ([batch], or [1] for a scalar) and its gradient with respect to the sample.</summary>
    /// <param name="loss">The loss.</param>
    /// <param name="sample">Where.</param>
    /// <param name="at">Where in a longer run that is, for error messages.</param>
    /// <param name="mustBeFinite">Whether NaN and infinity are errors.</param>
    internal static (Tensor Loss, Tensor Cotangent) Evaluate(
        Func<Tensor, Tensor> loss,
        Tensor sample,
        Func<string>? at = null,
        bool mustBeFinite = true)
    {
        using DisposeScope scope = NewDisposeScope();
        using VectorJacobianProduct product = Begin(loss, sample, at, mustBeFinite);
        Tensor value = product.Output.detach().reshape(-1).clone();
        Tensor cotangent = product.Pull(ones_like(product.Output));
        return (value.MoveToOuterDisposeScope(), cotangent.MoveToOuterDisposeScope());
    }

    /// <summary>The same, with the change of the gradient as the sample moves along a direction.</summary>
    /// <exception cref="InvalidOperationException">As above, or the loss has no second derivatives.</exception>
    internal static (Tensor Loss, Tensor Cotangent, Tensor Change) Evaluate(Func<Tensor, Tensor> loss, Tensor sample, Tensor direction)
    {
        using DisposeScope scope = NewDisposeScope();
        using VectorJacobianProduct product = Begin(loss, sample, null, mustBeFinite: true);
        Tensor value = product.Output.detach().reshape(-1).clone(), one = ones_like(product.Output);
        SecondOrder moved = product.Push(direction, [], (one, zeros_like(one)), () => "The loss");
        return (
            value.MoveToOuterDisposeScope(),
            (moved.X ?? zeros_like(sample)).MoveToOuterDisposeScope(),
            (moved.ChangeX ?? zeros_like(sample)).MoveToOuterDisposeScope());
    }

    private static VectorJacobianProduct Begin(Func<Tensor, Tensor> loss, Tensor sample, Func<string>? at, bool mustBeFinite)
    {
        using DisposeScope scope = NewDisposeScope();
        VectorJacobianProduct product = VectorJacobianProduct.Begin(
            (x, _) =>
                loss(x.clone())
                ?? throw new InvalidOperationException(
                    $"The loss returned null{Where(at)}; it must return one value for each item, [batch], or a scalar."),
            sample);
        Check(product.Output, sample, at, mustBeFinite);
        return product.MoveToOuterDisposeScope();
    }

    private static void Check(Tensor value, Tensor x, Func<string>? at, bool mustBeFinite)
    {
        if (value.dim() != 0 && !(value.dim() == 1 && value.shape[0] == x.shape[0]))
        {
            throw new InvalidOperationException(
                $"The loss returned shape {Shapes.Text(value)} for a sample of shape {Shapes.Text(x)}{Where(at)}; "
                    + $"it must return one value for each item, [{x.shape[0]}], or a scalar. Sum or average over the other dimensions.");
        }

        if (!value.requires_grad)
        {
            throw new InvalidOperationException(
                $"The loss does not depend on the sample through autograd{Where(at)}, so it has no gradient. "
                    + "Compute it from the tensor given, without no_grad, detach or a conversion to numbers.");
        }

        if (mustBeFinite)
        {
            CheckFinite(value, at);
        }
    }

    /// <summary>Refuses a loss of NaN or infinity, naming the items.</summary>
    internal static void CheckFinite(Tensor value, Func<string>? at)
    {
        if (!Finite.Is(value))
        {
            using Tensor values = value.detach().to(ScalarType.Float64).reshape(-1);
            IEnumerable<string> odd = values
                .cpu()
                .data<double>()
                .Index()
                .Where(v => !double.IsFinite(v.Item))
                .Select(v => $"{v.Item} for item {v.Index}");
            throw new InvalidOperationException($"The loss is NaN or infinite{Where(at)}: {string.Join(", ", odd)}.");
        }
    }

    private static string Where(Func<string>? at) => at is null ? "" : " " + at();
}
