namespace Costate;

/// <summary>What a tensor beside x and t is for.</summary>
internal enum ConditionRole
{
    /// <summary>The condition that was given to the run.</summary>
    Conditional,

    /// <summary>The condition of the other branch of classifier-free guidance.</summary>
    Unconditional,

    /// <summary>The scale of classifier-free guidance, where its gradient is wanted.</summary>
    Scale,

    /// <summary>A shift of the time that the network is told, where its gradient is wanted.</summary>
    Time,
}
