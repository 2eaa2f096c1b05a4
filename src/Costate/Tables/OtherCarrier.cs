namespace Costate;

/// <summary>How an inversion begins, where a sample is one tensor and the state of a reversible solver is two.</summary>
internal enum OtherCarrier
{
    /// <summary>Both are the sample.</summary>
    Copy,

    /// <summary>The second is the state one step earlier: DDIM towards noise, with the prediction taken at the sample.</summary>
    InverseDdim,
}
