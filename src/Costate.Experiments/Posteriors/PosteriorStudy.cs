using System.Diagnostics;
using Costate.Experiments.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Posteriors;

/// <summary>Measures every way of guidance for linear measurements on posteriors that are known exactly.</summary>
internal sealed class PosteriorStudy(bool quick)
{
    private const int Floors = 8;

    internal int Samples => quick ? 100 : 1000;

    internal int Steps => quick ? 20 : 100;

    internal int Problems => quick ? 1 : 4;

    internal IReadOnlyList<PosteriorBed> Beds => quick ? [new PosteriorBed(true, 2, 1)] : PosteriorBed.All;

    internal IReadOnlyList<PlannedMeasurement<PosteriorPoint>> Plan() =>
    [
        .. from bed in Beds
           from number in Enumerable.Range(0, Problems)
           from method in PosteriorSampling.All
           where method.Particles <= Samples || method.Name != "TDS, covariance"
           select new PlannedMeasurement<PosteriorPoint>(
               FormattableString.Invariant(
                   $"{bed.Label} {number} {method.Name} {method.Strength ?? method.Particles}"),
               1 + (bed.Measured * (method.Name is "TMPD" or "TDS, covariance" ? 1 : 0)),
               _ => Measure(bed, number, method)),
    ];

    private PosteriorPoint Measure(PosteriorBed bed, int number, PosteriorSampling method)
    {
        using DisposeScope scope = NewDisposeScope();
        PosteriorProblem problem = bed.Problem(number);
        long began = Stopwatch.GetTimestamp();
        (Tensor sample, IReadOnlyList<double> logZ) = method.Draw(problem, Samples, Steps);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Tensor[] exact = [.. Enumerable.Range(0, 2 * Floors).Select(i => problem.Exact((int)sample.shape[0], (ulong)i))];
        double distance = exact.Take(Floors).Average(set => problem.Distance(sample, set));
        return new PosteriorPoint
        {
            Bed = bed.Label,
            Problem = number,
            Method = method.Name,
            Strength = method.Strength,
            Particles = Math.Min(method.Particles, Samples),
            Distance = double.IsFinite(distance) ? distance : null,
            Floor = exact.Chunk(2).Average(pair => problem.Distance(pair[0], pair[1])),
            LogZError = logZ.Count == 0 ? null : logZ.Average(),
            Seconds = Math.Round(seconds, 3),
        };
    }
}
