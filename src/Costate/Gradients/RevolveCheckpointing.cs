namespace Costate;

internal sealed class RevolveCheckpointing(int slots) : Checkpointing
{
    internal override StateTape Record(SamplingRun run, int? lastSteps) => new RevolveTape(run, slots, lastSteps);

    public override string ToString() => $"Revolve({slots})";
}
