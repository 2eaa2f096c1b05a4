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
}
