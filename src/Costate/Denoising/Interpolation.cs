namespace Costate;

/// <summary>How a condition moves between its knots.</summary>
public enum Interpolation
{
    /// <summary>By a natural cubic spline: with continuous curvature, none at the ends.</summary>
    Cubic,

    /// <summary>In straight lines.</summary>
    Linear,
}
