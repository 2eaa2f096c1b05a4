namespace Costate;

/// <summary>What a gradient can be asked for besides x_T, the condition and the weights. It costs no evaluation, but memory.</summary>
[Flags]
public enum GradientParts
{
    /// <summary>Nothing more.</summary>
    None = 0,

    /// <summary><see cref="SampleGradient.NoiseVectors"/>: one tensor of a state's size for each noise vector.</summary>
    NoiseVectors = 1,

    /// <summary><see cref="SampleGradient.StateCotangents"/>: one tensor of a state's size for each grid point.</summary>
    StateCotangents = 2,

    /// <summary><see cref="SampleGradient.GuidanceScale"/>, of a denoiser under classifier-free guidance.</summary>
    GuidanceScale = 4,

    /// <summary>
    /// <see cref="SampleGradient.Times"/>, by <see cref="GradientMethod.Discrete"/>: keeps every state and prediction, and tabulates the
    /// solver four times for each grid point. What the network is told moves with the times, so its derivative with respect to that is
    /// needed; a network whose graph does not reach the time it is told, or a grid that tells it other times than its own, is refused.
    /// </summary>
    Times = 8,

    /// <summary>With <see cref="Times"/>: what the network is told counts as constant, as for one that is told integers.</summary>
    NetworkTimesAreConstant = 16,

    /// <summary>
    /// <see cref="SampleGradient.Eta"/>, of <see cref="Solver.Ddim(double)"/> and other solvers with a share of noise, by
    /// <see cref="GradientMethod.Discrete"/>: keeps every state and prediction.
    /// </summary>
    Eta = 32,
}
