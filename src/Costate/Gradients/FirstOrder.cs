using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A gradient of ours under <c>create_graph</c>: it has a graph that refuses to be differentiated, where autograd would take the gradient
/// for a constant and drop the second derivative.
/// </summary>
internal sealed class FirstOrder : autograd.SingleTensorFunction<FirstOrder>
{
    private const string ReportKey = "report";
    private const string FailedKey = "failed";

    public override string Name => "CostateGradient";

    /// <summary>
    /// The gradients themselves, or, where autograd makes a graph of the backward pass, as nodes that depend on what they came from.
    /// </summary>
    /// <param name="gradients">The gradients; null stays null.</param>
    /// <param name="sources">What they depend on: tensors.</param>
    /// <param name="report">Told of the error.</param>
    internal static IEnumerable<Tensor?> Only(IReadOnlyList<Tensor?> gradients, IReadOnlyList<Tensor> sources, Action<Exception?> report) =>
        is_grad_enabled()
        ? gradients.Select(gradient => gradient is null ? null : apply([gradient, .. sources, report]))
        : gradients;

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ctx.save_data(ReportKey, vars[^1]);
        ctx.save_data(FailedKey, new FailedBackward(vars[..^1].Cast<Tensor?>()));
        return ((Tensor)vars[0]).clone();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        ((Action<Exception?>)ctx.get_data(ReportKey))(new NotSupportedException(
                $"The gradient through {nameof(Sampler)}.{nameof(Sampler.Differentiable)} cannot be differentiated again with this method. "
                    + $"Use {nameof(GradientMethod)}.{nameof(GradientMethod.Unrolled)}(), whose graph is autograd's own, "
                    + "or a difference of gradients."));
        return [.. ((FailedBackward)ctx.get_data(FailedKey)).Gradients(), null!];
    }
}
