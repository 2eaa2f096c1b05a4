using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The bridge from a gradient method to autograd. Thin, because what runs inside it must not throw: an exception that leaves the
/// <c>backward</c> of a custom function ends the process.
/// </summary>
internal sealed class SamplingFunction : autograd.SingleTensorFunction<SamplingFunction>
{
    private const string CallKey = "call";

    public override string Name => "CostateSampling";

    internal static Tensor Run(SamplingRun run, GradientMethod method, Action<Exception?> report)
    {
        using DisposeScope scope = NewDisposeScope();

        // Where only the weights have a gradient, an input of the node's own makes it one that autograd goes through.
        Tensor? anchor = run.Denoiser.Parameters.Any(p => p.requires_grad) ? zeros(1).requires_grad_(true) : null;
        var call = new SamplingCall(run, method, anchor, report);
        IEnumerable<Tensor> condition = (run.Condition?.Entries ?? []).Select(entry => entry.Values);
        return apply([run.Start, anchor!, .. condition, call]).MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (SamplingCall)vars[^1];
        ctx.save_data(CallKey, call);

        // Torch holds these whatever the caller disposes, and sees whether they were changed in place.
        ctx.save_for_backward([(Tensor)vars[0], .. vars[2..^1].Cast<Tensor>(), .. call.Parameters]);
        return call.Forward();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var call = (SamplingCall)ctx.get_data(CallKey);
        return [.. call.Backward(ctx.get_saved_variables, grad_output), null!];
    }
}
