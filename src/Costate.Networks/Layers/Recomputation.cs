using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// A function of a few tensors and of parameters as a node of the graph that keeps its inputs alone: the backward pass computes it
/// again, with the random numbers of the first time, and takes its gradients there (gradient checkpointing; Chen et al. 2016).
/// </summary>
/// <remarks>Its gradients cannot be differentiated again: under <c>create_graph</c> the backward pass fails.</remarks>
internal sealed class Recomputation : autograd.SingleTensorFunction<Recomputation>
{
    private const string CallKey = "call";
    private const string FailedKey = "failed";
    private const string GeneratorKey = "generator";

    public override string Name => "CostateRecomputation";

    private static Tensor Run(Call call, params ReadOnlySpan<Tensor?> inputs)
    {
        using DisposeScope scope = NewDisposeScope();
        return apply([.. inputs, .. call.Parameters, call]).MoveToOuterDisposeScope();
    }

    /// <summary>What a layer computes of tensors: as such a node where its network says so and there is something to
    /// differentiate.</summary>
    internal static Tensor Of(
        Execution execution, nn.Module layer, Func<Tensor?[], Tensor> compute, params ReadOnlySpan<Tensor?> inputs)
    {
        if (!execution.Recomputes || !is_grad_enabled())
        {
            return compute([.. inputs]);
        }

        Parameter[] trainable = [.. layer.parameters().Where(p => p.requires_grad)];
        bool hasGraph = trainable.Length > 0;
        foreach (Tensor? input in inputs)
        {
            hasGraph |= input is { requires_grad: true };
        }

        return hasGraph ? Run(new Call(compute, execution, trainable, Draws: layer.training), inputs) : compute([.. inputs]);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (Call)vars[^1];
        Tensor[] inputs = [.. vars[..^1].Cast<Tensor>()];
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        ctx.save_data(CallKey, call);
        ctx.save_data(FailedKey, new FailedBackward(inputs));
        if (call.Draws)
        {
            using Tensor state = random.get_rng_state();
            ctx.save_data(GeneratorKey, state.bytes.ToArray());
        }

        // Torch holds these whatever the caller disposes, and sees whether they were changed in place.
        ctx.save_for_backward([.. inputs]);
        return call.Compute(inputs[..^call.Parameters.Count]).MoveToOuterDisposeScope();
    }

    // An exception that leaves it would end the process.
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(CallKey);
        try
        {
            call.Execution.BackwardError = null;
            using DisposeScope scope = NewDisposeScope();
            if (is_grad_enabled())
            {
                throw new NotSupportedException(
                    "A gradient through recomputed layers cannot be differentiated again. Switch gradient checkpointing off.");
            }

            byte[]? generator = call.Draws ? (byte[])ctx.get_data(GeneratorKey) : null;
            return [.. Gradients(call, generator, ctx.get_saved_variables(), grad_output), null!];
        }
        catch (Exception e)
        {
            call.Execution.BackwardError = e;
            return [.. ((FailedBackward)ctx.get_data(FailedKey)).Gradients(), null!];
        }
    }

    private static List<Tensor> Gradients(Call call, byte[]? generator, List<Tensor> saved, Tensor cotangent)
    {
        using IDisposable withGraph = enable_grad();
        Tensor?[] inputs = [.. saved.SkipLast(call.Parameters.Count)
            .Select(input => input is null ? null : input.detach().requires_grad_(input.requires_grad))];
        Tensor output = Replayed(generator, () => call.Compute(inputs));
        Tensor?[] all = [.. inputs, .. call.Parameters];
        Tensor[] leaves = [.. all.OfType<Tensor>().Where(input => input.requires_grad)];
        var gradients = new Queue<Tensor>(Autograd.Gradients([output], leaves, [cotangent]));
        return [.. all.Select(input => input is { requires_grad: true } ? gradients.Dequeue().MoveToOuterDisposeScope() : null!)];
    }

    private static Tensor Replayed(byte[]? generator, Func<Tensor> compute)
    {
        if (generator is null)
        {
            return compute();
        }

        using Tensor now = random.get_rng_state(), then = tensor(generator, device: CPU);
        random.set_rng_state(then);
        try
        {
            return compute();
        }
        finally
        {
            random.set_rng_state(now);
        }
    }

    /// <summary>What is computed.</summary>
    /// <param name="Compute">The function: a new tensor in the caller's dispose scope.</param>
    /// <param name="Execution">Where an error of the backward pass is told.</param>
    /// <param name="Parameters">The parameters that get gradients.</param>
    /// <param name="Draws">Whether it may draw random numbers.</param>
    internal sealed record Call(
        Func<Tensor?[], Tensor> Compute, Execution Execution, IReadOnlyList<Parameter> Parameters, bool Draws);
}
