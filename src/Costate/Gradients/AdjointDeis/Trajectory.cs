namespace Costate;

/// <summary>Where a continuous adjoint takes the states of the forward run from.</summary>
public enum Trajectory
{
    /// <summary>Every state of the sampling grid is kept; the adjoint grid must be that grid.</summary>
    Recorded,

    /// <summary>
    /// Every state of the sampling grid is kept and interpolated by cubics in the half log-SNR, so that the adjoint grid is free.
    /// </summary>
    Interpolated,

    /// <summary>
    /// Only the sample is kept; the states are solved for from data to noise along with the adjoint. An SDE is rebuilt from its Brownian
    /// path.
    /// </summary>
    SolvedBackward,
}
