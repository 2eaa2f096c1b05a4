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
        return executor.Complete(executor.Begin());
    }

    public static SamplingRun Begin(Sampler sampler, Tensor start, Condition? z, BrownianPath? noise) =>
        sampler.Checked(start, z, noise, null, default);
}
