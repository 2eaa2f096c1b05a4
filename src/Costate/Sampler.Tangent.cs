using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <content>Derivatives along a direction.</content>
public sealed partial class Sampler
{
    /// <summary>Draws a sample and its derivative along a direction of x_T and the condition, J v.</summary>
    /// <remarks>
    /// Exact for the sample drawn, with every solver. For N evaluations of a sample: N with a graph, and N products of twice the work of a
    /// vector-Jacobian product; keeps what the solver needs, no trajectory. A product is the gradient of a vector-Jacobian product (the
    /// double-VJP), so the network must be differentiable twice: one that is not is refused, also where it would silently give zeros.
    /// </remarks>
    /// <param name="xT">Start noise, [batch, ...], floating point.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="direction">The direction of x_T, in its shape; zeros for one of the condition alone.</param>
    /// <param name="conditionDirection">The direction of the condition: tensors of the same names and shapes. What is left out does not
    /// move; the default is all of it.</param>
    /// <param name="noise">The path of a stochastic solver; others ignore it.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="InvalidOperationException">The network has no second derivatives (the fused kernels of
    /// <c>scaled_dot_product_attention</c>, layers that are recomputed), or its output is refused as in <c>Sample</c>.</exception>
    /// <inheritdoc cref="Sample(Tensor, Condition?, BrownianPath?, IProgress{StepProgress}?, CancellationToken)" path="/exception"/>
    public SampleTangent Tangent(
        Tensor xT,
        Condition? z,
        Tensor direction,
        Condition? conditionDirection = null,
        BrownianPath? noise = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun run = Checked(xT, z, noise, progress, cancellationToken);
        Condition? directions = SamplingInputs.CheckDirections(run, direction, conditionDirection);
        using var tape = new TangentTape(run, direction, directions, keeps: false);
        return new SampleTangent(run.ToCaller(tape.Sample), run.ToCaller(tape.Tangent), run.Meter.Total).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Draws a sample and the product of a loss's second derivative on it, with respect to x_T and the condition together, with a
    /// direction.
    /// </summary>
    /// <remarks>
    /// Exact for the sample drawn, with every solver. For N evaluations of a sample: 2 N with a graph, and 2 N products of twice the work
    /// of a vector-Jacobian product; with <see cref="Curvature.GaussNewton"/> N of them are plain ones. Keeps two tensors of a state's size
    /// for each evaluation. The network must be differentiable twice, and give the same answer twice.
    /// </remarks>
    /// <param name="xT">Start noise, [batch, ...], floating point.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="loss">From a sample to one value for each item, [batch]; a scalar is taken as their sum. Twice differentiable.</param>
    /// <param name="direction">The direction of x_T, in its shape; zeros for one of the condition alone.</param>
    /// <param name="conditionDirection">The direction of the condition: tensors of the same names and shapes. What is left out does not
    /// move; the default is all of it.</param>
    /// <param name="curvature">Which second derivative. The default is the Hessian.</param>
    /// <param name="noise">The path of a stochastic solver, replayed on the way back; others ignore it.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <inheritdoc cref="Tangent" path="/exception"/>
    public HessianProduct Hessian(
        Tensor xT,
        Condition? z,
        Func<Tensor, Tensor> loss,
        Tensor direction,
        Condition? conditionDirection = null,
        Curvature curvature = Curvature.Exact,
        BrownianPath? noise = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(loss);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun run = Checked(xT, z, noise, progress, cancellationToken);
        Condition? directions = SamplingInputs.CheckDirections(run, direction, conditionDirection);
        return LossCurvature.Of(run, loss, direction, directions, curvature).MoveToOuterDisposeScope();
    }
}
