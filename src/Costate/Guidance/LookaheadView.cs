using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A prediction from a state with what its gradient needs, and the network's output at that state. Lives in the caller's dispose scope.
/// </summary>
internal sealed class LookaheadView : IDisposable
{
    private readonly SamplingRun run;
    private readonly GradientTape? tape;
    private readonly ScalarType dtype;
    private Tensor? firstOutput;

    private LookaheadView(SamplingRun run, Sampler sampler, Tensor x, Condition? condition, GradientMethod? method)
    {
        this.run = run with
        {
            Denoiser = sampler.Denoiser,
            Table = sampler.Table,
            Solver = sampler.Solver,
            Grid = sampler.Grid,
            Start = x,
            Condition = condition,
            Noise = null,
            Progress = null,
            OnOutput = output => firstOutput ??= output.detach().to(x.dtype).DetachFromDisposeScope(),
            Replay = null,
        };
        dtype = x.dtype;
        if (method is not null)
        {
            tape = method.Record(this.run);
            Prediction = tape.Sample.to(dtype);
            return;
        }

        var executor = new TableExecutor(this.run);
        using LiveSet live = executor.Complete(executor.Begin());
        Prediction = executor.Sample(live).to(dtype);
    }

    /// <summary>The prediction, without a graph.</summary>
    internal Tensor Prediction { get; }

    /// <summary>What the network answered at the state itself.</summary>
    internal Tensor FirstOutput => firstOutput!;

    /// <summary>Looks ahead from a state.</summary>
    /// <param name="run">The guided run.</param>
    /// <param name="lookahead">How.</param>
    /// <param name="sampler">The lookahead at this point of the grid.</param>
    /// <param name="x">The state.</param>
    /// <param name="index">The point of the grid.</param>
    /// <param name="differentiate">Whether <see cref="PullBack"/> will be called.</param>
    internal static LookaheadView From(SamplingRun run, Lookahead lookahead, Sampler sampler, Tensor x, int index, bool differentiate)
    {
        GradientMethod? method = !differentiate ? null
            : lookahead.Method ?? GradientMethod.Discrete();

        // A scheduled condition belongs to the intervals of the grid: the lookahead sees the present one, or, on that grid, all that come.
        Condition? condition = run.Condition?.Map(entry => !entry.IsScheduled ? entry
            : lookahead.Steps is null ? entry with { Values = entry.Values.narrow(0, index, sampler.Grid.Steps) }
            : entry with { Values = entry.Values[index], IsScheduled = false });
        return new LookaheadView(run, sampler, x, condition, method);
    }

    /// <summary>Takes a cotangent of the prediction to the state. Once only.</summary>
    internal Tensor PullBack(Tensor cotangent) => tape!.PullBack(run.ToState(cotangent)).Start.to(dtype);

    public void Dispose()
    {
        tape?.Dispose();
        firstOutput?.Dispose();
    }
}
