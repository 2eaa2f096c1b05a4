namespace Costate.Networks;

/// <summary>A network that may compute its blocks again in the backward pass.</summary>
internal interface IRecomputing
{
    /// <summary>Whether it does.</summary>
    bool GradientCheckpointing { get; set; }
}
