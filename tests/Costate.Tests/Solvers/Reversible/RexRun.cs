using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Runs a reversible sampler to both its end states, of which <c>Sample</c> returns one.</summary>
internal static class RexRun
{
    public static Tensor[] EndStates(Sampler sampler, Tensor start)
    {
        using LiveSet end = EndStates(Begin(sampler, start, null, null), (_, _) => { });
        return [.. sampler.Table.Reversal!.End.Select(row => end.States[row].alias())];
    }

    public static LiveSet EndStates(SamplingRun run, Action<int, Tensor> onState)
    {
        var executor = new TableExecutor(run, toTheEnd: true) { OnState = (row, state, _) => onState(row, state) };
        LiveSet live = executor.Begin();
        for (int k = 0; k < executor.Evaluations; k++)
        {
            executor.Advance(live, k);
        }

        return live;
    }

    public static SamplingRun Begin(Sampler sampler, Tensor start, Condition? z, BrownianPath? noise) => new()
    {
        Denoiser = sampler.Denoiser,
        Table = sampler.Table,
        Solver = sampler.Solver,
        Grid = sampler.Grid,
        Start = start,
        CallerType = start.dtype,
        Condition = z,
        Noise = noise,
        Progress = null,
        Cancellation = default,
    };
}
