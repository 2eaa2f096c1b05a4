namespace Costate;

internal sealed class RevolveCheckpointing(int slots) : Checkpointing
{
    internal override GradientTape Record(SamplingRun run) => new RevolveTape(run, slots);

    public override string ToString() => $"Revolve({slots})";
}
