using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate;

/// <summary>One call of <see cref="Sampler.Differentiable"/>: its run, and what its method keeps until the backward pass.</summary>
internal sealed class SamplingCall
{
    private readonly SamplingRun run;
    private readonly GradientMethod method;
    private readonly FailedBackward failed;
    private readonly bool hasAnchor;
    private Recording? recording;

    /// <param name="run">The run; its tensors are the caller's.</param>
    /// <param name="method">How the gradient is found.</param>
    /// <param name="anchor">An input of the node that is there for the weights, or null.</param>
    /// <param name="report">Told of an error of the backward pass, and null when one begins.</param>
    internal SamplingCall(SamplingRun run, GradientMethod method, Tensor? anchor, Action<Exception?> report)
    {
        (this.run, this.method, Report) = (run, method, report);
        failed = new FailedBackward([run.Start, anchor, .. ConditionOf(run)]);
        hasAnchor = anchor is not null;
    }

    private Action<Exception?> Report { get; }

    internal IReadOnlyList<Parameter> Parameters => run.Denoiser.Parameters;

    /// <summary>The sample, without a graph. The caller's dispose scope receives it.</summary>
    internal Tensor Forward()
    {
        recording = new Recording(run, method, run.Start, ConditionOf(run));
        using DisposeScope scope = NewDisposeScope();
        return recording.Run.ToCaller(recording.Tape.Sample).clone().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The gradients of the inputs; those of the weights are added to their <c>grad</c>. The caller's dispose scope receives them.
    /// </summary>
    /// <param name="saved">Reads the inputs as the graph holds them; it throws if one was changed in place.</param>
    /// <param name="cotangent">The gradient of the sample.</param>
    internal IEnumerable<Tensor> Backward(Func<List<Tensor>> saved, Tensor cotangent)
    {
        try
        {
            Report(null);
            using DisposeScope scope = NewDisposeScope();
            List<Tensor> inputs = Unchanged(saved);
            Tensor?[] gradients;
            using (no_grad())
            {
                gradients = PullBack(inputs[0], inputs[1..(1 + ConditionOf(run).Length)], cotangent);
            }

            return
            [
                .. FirstOrder
                    .Only(gradients, [.. inputs[..(1 + ConditionOf(run).Length)], cotangent], Report)
                    .Select(gradient => gradient?.alias().MoveToOuterDisposeScope()!),
            ];
        }
        catch (Exception e)
        {
            // A second pass runs forward again.
            recording?.Dispose();
            recording = null;
            Report(e);
            return failed.Gradients();
        }
    }

    private Tensor?[] PullBack(Tensor start, IReadOnlyList<Tensor> condition, Tensor cotangent)
    {
        using Recording now = recording ?? Again(start, condition);
        recording = null;
        Cotangents cotangents = now.Run.ToCaller(now.Tape.PullBack(now.Run.ToState(cotangent)));
        ParameterGradients.Alone(run.Denoiser.Parameters, () => AddToParameters(cotangents.Parameters));
        return [cotangents.Start, hasAnchor ? zeros(1) : null, .. cotangents.Condition];
    }

    private Recording Again(Tensor start, IReadOnlyList<Tensor> condition)
    {
        using var buffers = new KeptBuffers(run.Denoiser.Module);
        return new Recording(run, method, start, condition);
    }

    private static Tensor[] ConditionOf(SamplingRun run) => [.. (run.Condition?.Entries ?? []).Select(entry => entry.Values)];

    private void AddToParameters(Tensor[] gradients)
    {
        foreach ((Parameter parameter, Tensor gradient) in Parameters.Zip(gradients).Where(pair => pair.First.requires_grad))
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

    private static List<Tensor> Unchanged(Func<List<Tensor>> saved)
    {
        try
        {
            return saved();
        }
        catch (ExternalException e)
        {
            throw new InvalidOperationException(
                "x_T, the condition or a weight was changed in place after the sample was drawn, so its gradient would be that of another "
                    + "sample. Change a copy, or run backward() first.",
                e);
        }
    }

    /// <summary>A run forward, with handles of its own to its inputs: the caller may dispose theirs before the backward pass.</summary>
    private sealed class Recording : IDisposable
    {
        private readonly MemoryPressure pressure;

        internal Recording(SamplingRun run, GradientMethod method, Tensor start, IReadOnlyList<Tensor> condition)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable noGraph = no_grad();
            Run = run with
            {
                Start = start.detach(),
                Condition = run.Condition?.WithValues([.. condition.Select(values => values.detach())]),
            };
            Tape = method.Record(Run);
            pressure = new MemoryPressure(run.Meter.Total.PeakStoredBytes + run.Meter.PeakGraphBytes);

            // A tape outlives the caller's dispose scope: it belongs to the graph until the backward pass.
            scope.Detach(scope.DisposablesView.OfType<Tensor>().ToArray());
        }

        internal SamplingRun Run { get; }

        internal GradientTape Tape { get; }

        public void Dispose()
        {
            Tape.Dispose();
            Run.Start.Dispose();
            Array.ForEach(ConditionOf(Run), values => values.Dispose());
            pressure.Dispose();
        }
    }
}
