namespace Costate;

/// <summary>The exact discrete adjoint, of the whole run or of its last steps.</summary>
internal sealed class DiscreteMethod : GradientMethod
{
    private readonly Checkpointing? checkpointing;
    private readonly int? lastSteps;

    internal DiscreteMethod(Checkpointing? checkpointing = null, int? lastSteps = null)
    {
        if (lastSteps is < 1)
        {
            throw new InputException(nameof(lastSteps), $"{lastSteps}", "at least 1", "Leave it out for the gradient through all steps.");
        }

        (this.checkpointing, this.lastSteps) = (checkpointing, lastSteps);
    }

    /// <summary>Whether all steps have a gradient.</summary>
    internal bool IsOfAllSteps => lastSteps is null;

    public override string ToString() =>
        $"Discrete({checkpointing}{(lastSteps is null ? "" : $"{(checkpointing is null ? "" : ", ")}last {lastSteps} steps")})";

    /// <summary>A tape that gives back its states.</summary>
    internal override StateTape Record(SamplingRun run) => (checkpointing ?? Checkpointing.Default).Record(Repeatable(run), lastSteps);
}
