using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Network;

/// <summary>How often SiLU is slow after other work, and after the constant that it lacks was mapped in, as a denoiser does.</summary>
internal static class SiluBenchmark
{
    private const int Numbers = 1 << 15;
    private const int Turns = 400;
    private const double Slow = 20;

    // A turn in fifty may be disturbed.
    private const double Target = 0.02;

    internal static IEnumerable<Figure> Run() => [MeasurementProcess.KeepingFreedMemory.Run<Figure>(nameof(SiluBenchmark))];

    /// <summary>In a child process.</summary>
    internal static Figure Measure()
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        using var layer = nn.Conv2d(32, 32, 3, padding: 1L);
        Tensor image = StartNoise.Draw([16, 32, 32, 32], 1), overflowing = full([32], -200f);
        Tensor numbers = StartNoise.Draw([Numbers], 2), work = numbers.clone();
        List<double> before = [], after = [];
        for (int i = 0; i < Turns; i++)
        {
            layer.call(image).Dispose();
            before.Add(Microseconds());
            overflowing.sigmoid().Dispose();
            after.Add(Microseconds());
        }

        double quickest = before.Concat(after).Min();
        (double slowBefore, double slowAfter) = (Share(before), Share(after));
        return new Figure("Calls of SiLU that are slow, its constant mapped in", slowAfter, Target, string.Create(
            CultureInfo.InvariantCulture,
                $"of {Turns}; {slowBefore:P1} where it is not; the median of those takes {Median():F0} times as long as the quickest"));

        double Microseconds()
        {
            work.copy_(numbers);
            long begin = Stopwatch.GetTimestamp();
            work.silu_();
            return Stopwatch.GetElapsedTime(begin).TotalMicroseconds;
        }

        double Share(List<double> times) => (double)times.Count(time => time > Slow * quickest) / Turns;
        double Median() => before.Where(time => time > Slow * quickest).Order().ToArray() is { Length: > 0 } slow
            ? slow[slow.Length / 2] / quickest : 0;
    }
}
