namespace Costate.Cli.Commands.Sampling;

/// <summary>What a command that samples begins with.</summary>
internal enum SamplingInput
{
    /// <summary>Noise, drawn or given.</summary>
    Noise,

    /// <summary>Samples, whose shape is known.</summary>
    Sample,

    /// <summary>The same, to be changed.</summary>
    Edit,

    /// <summary>A saved latent, whose shape and dtype are known.</summary>
    Latent,
}
