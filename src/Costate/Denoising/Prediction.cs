namespace Costate;

/// <summary>What a network predicts from <c>x = alpha x0 + sigma eps</c>.</summary>
public enum Prediction
{
    /// <summary>The noise, <c>eps</c>.</summary>
    Noise,

    /// <summary>The clean data, <c>x0</c>.</summary>
    Data,

    /// <summary>The velocity <c>v = alpha eps - sigma x0</c> (Salimans and Ho 2022).</summary>
    Velocity,

    /// <summary>The velocity of a rectified flow, <c>u = eps - x0</c>.</summary>
    Flow,

    /// <summary>The score, <c>-eps/sigma</c>.</summary>
    Score,

    /// <summary>
    /// The velocity towards the data, <c>sigma x0 - alpha eps</c>: the output of a network with EDM's preconditioning (Karras et al. 2022,
    /// eq. 7), whose states here are its scaled inputs and whose data is divided by its deviation.
    /// </summary>
    NegativeVelocity,

    /// <summary>The velocity of a rectified flow towards the data, <c>x0 - eps</c>, as networks have it that count time from the noise.
    /// </summary>
    NegativeFlow,
}
