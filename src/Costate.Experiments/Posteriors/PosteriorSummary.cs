namespace Costate.Experiments.Posteriors;

/// <summary>A way of sampling on a bed, over its problems.</summary>
internal sealed record PosteriorSummary
{
    public required string Bed { get; init; }

    public required string Method { get; init; }

    public required int Particles { get; init; }

    /// <summary>The strength of guidance that did best on this bed; null for a way that has none to choose.</summary>
    public double? Strength { get; init; }

    /// <summary>Mean distance to exact samples; null where one is no number.</summary>
    public required double? Distance { get; init; }

    /// <summary>Mean distance of two exact sets.</summary>
    public required double Floor { get; init; }

    /// <summary>The distance over the floor, a mean over problems: problems differ more than methods.</summary>
    public required double? OverFloor { get; init; }

    public required double? LogZError { get; init; }

    public required double Seconds { get; init; }

    internal static IReadOnlyList<PosteriorSummary> Of(IReadOnlyList<PosteriorPoint> points) =>
    [
        .. from kind in points.GroupBy(point => (point.Bed, point.Method, point.Particles))
           let best = kind.GroupBy(point => point.Strength).MinBy(its => its.Average(point => point.Distance ?? double.PositiveInfinity))!
           let isFinite = best.All(point => point.Distance is not null)
           select new PosteriorSummary
           {
               Bed = kind.Key.Bed,
               Method = kind.Key.Method,
               Particles = kind.Key.Particles,
               Strength = best.Key,
               Distance = isFinite ? best.Average(point => point.Distance) : null,
               Floor = best.Average(point => point.Floor),
               OverFloor = isFinite ? best.Average(point => point.Distance / point.Floor) : null,
               LogZError = best.Average(point => point.LogZError),
               Seconds = Math.Round(best.Average(point => point.Seconds), 3),
           },
    ];
}
