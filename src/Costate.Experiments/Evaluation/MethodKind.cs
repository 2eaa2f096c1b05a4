namespace Costate.Experiments.Evaluation;

/// <summary>How a method comes to its morph.</summary>
internal enum MethodKind
{
    /// <summary>No morph: the first picture itself, to see what a pair is worth without any.</summary>
    Source,

    /// <summary>A sample of the blend.</summary>
    Blend,

    /// <summary>The best of samples of several blends.</summary>
    BestBlend,

    /// <summary>The noise prediction optimised at each step.</summary>
    Greedy,

    /// <summary>x_T and z optimised through the whole sampler.</summary>
    Optimised,
}
