namespace Costate;

/// <summary>The function B(h) of UniPC.</summary>
public enum UniPcVariant
{
    /// <summary>B(h) = h.</summary>
    Bh1,

    /// <summary>B(h) = e^h - 1: the default, better at few steps.</summary>
    Bh2,
}
