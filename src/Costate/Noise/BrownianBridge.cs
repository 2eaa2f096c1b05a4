using System.Runtime.Intrinsics;

namespace Costate;

/// <summary>
/// The law of both parts of an interval given W and H of the whole, split at a fraction r, with q = 1 - r (Foster, Lyons and Oberhauser
/// 2020; Jelinčič, Foster and Kidger 2024). Lengths are in units of the whole, deviations in units of its square root.
/// </summary>
internal readonly record struct BrownianBridge
{
    /// <summary>The exact law.</summary>
    internal BrownianBridge(double ratio)
    {
        (double r, double q) = (ratio, 1 - ratio);
        double root = Math.Sqrt(r * q);
        double cubes = Math.Sqrt((r * r * r) + (q * q * q));
        (Ratio, Spread) = (r, root * cubes);
        (LeftTilt, RightTilt) = (r * r * root / (2 * cubes), q * q * root / (2 * cubes));
        (LeftArea, RightArea) = (q * root / (Math.Sqrt(12) * cubes), r * root / (Math.Sqrt(12) * cubes));
    }

    /// <summary>The midpoint: W of the left half is W/2 + 3/2 H + N(0, h/16).</summary>
    internal static BrownianBridge Half { get; } = new(0.5);

    internal double Ratio { get; }

    /// <summary>Deviation of W of the left part; 1/4 at the midpoint.</summary>
    internal double Spread { get; init; }

    private double LeftTilt { get; }

    private double RightTilt { get; }

    private double LeftArea { get; }

    private double RightArea { get; }

    /// <summary>Both parts, from two independent standard normals.</summary>
    internal (BrownianIncrement Left, BrownianIncrement Right) Split(
        BrownianIncrement whole, (Vector256<double> First, Vector256<double> Second) normals)
    {
        (double r, double q, double scale) = (Ratio, 1 - Ratio, Math.Sqrt(whole.Length));
        (Vector256<double> x, Vector256<double> y) = (scale * normals.First, scale * normals.Second);
        Vector256<double> left = (r * whole.W) + (6 * r * q * whole.H) + (Spread * x);
        return (
            new(r * whole.Length, left, (r * r * whole.H) - (LeftTilt * x) + (LeftArea * y)),
            new(q * whole.Length, whole.W - left, (q * q * whole.H) - (RightTilt * x) - (RightArea * y)));
    }
}
