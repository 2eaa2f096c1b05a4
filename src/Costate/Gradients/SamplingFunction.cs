using TorchSharp;
using TorchSharp.Modules;
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

    internal static Tensor Run(SamplingRun run, GradientMethod method, Action<Exception> onError)
    {
        // A tape outlives the caller's dispose scope: it belongs to the graph until the backward pass.
        var call = new Call(run, method, onError);
        return apply(run.Start, run.Condition?.Values!, call);
    }

    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        var call = (Call)vars[2];
        ctx.save_data(CallKey, call);
        return call.Forward();
    }

    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        var call = (Call)ctx.get_data(CallKey);
        try
        {
            Cotangents cotangents = call.Backward(grad_output);
            return [cotangents.Start, cotangents.Condition!, null!];
        }
        catch (Exception e)
        {
            // The engine refuses a gradient of this shape with an ordinary exception, raised from the user's backward().
            call.OnError(e);
            return [zeros(Array.Empty<long>()), null!, null!];
        }
    }

    private sealed class Call(SamplingRun run, GradientMethod method, Action<Exception> onError)
    {
        private GradientTape? tape;

        internal Action<Exception> OnError => onError;

        internal Tensor Forward()
        {
            using DisposeScope scope = NewDisposeScope();
            Record(scope);
            return run.ToCaller(tape!.Sample).clone().MoveToOuterDisposeScope();
        }

        internal Cotangents Backward(Tensor cotangent)
        {
            using DisposeScope scope = NewDisposeScope();
            if (tape is null)
            {
                Record(scope);
            }

            using IDisposable noGraph = no_grad();
            try
            {
                Cotangents cotangents = run.ToCaller(tape!.PullBack(run.ToState(cotangent)));
                AddToParameters(cotangents.Parameters);
                cotangents.Start.MoveToOuterDisposeScope();
                cotangents.Condition?.MoveToOuterDisposeScope();
                return cotangents;
            }
            finally
            {
                tape!.Dispose();
                tape = null;
            }
        }

        private void Record(DisposeScope scope)
        {
            using IDisposable noGraph = no_grad();
            tape = method.Record(run);
            scope.Detach(scope.DisposablesView.OfType<Tensor>().ToArray());
        }

        private void AddToParameters(Tensor[] gradients)
        {
            foreach ((Parameter parameter, Tensor gradient) in run.Denoiser.Parameters.Zip(gradients))
            {
                using Tensor? sum = parameter.grad;
                if (sum is null)
                {
                    parameter.grad = gradient;
                }
                else
                {
                    sum.add_(gradient);
                }
            }
        }
    }
}
