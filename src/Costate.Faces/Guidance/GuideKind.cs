namespace Costate.Faces.Guidance;

/// <summary>How a method guides.</summary>
internal enum GuideKind
{
    /// <summary>By changes of the sampler's steps.</summary>
    Sampled,

    /// <summary>By an optimised noise prediction at each step.</summary>
    GreedyDim,

    /// <summary>By an optimisation of the picture itself.</summary>
    RedDiff,

    /// <summary>By an optimisation of start noise and code, through the whole sampler.</summary>
    EndToEnd,

    /// <summary>By an optimisation of controls along the trajectory.</summary>
    Control,
}
