using System.Globalization;
using Costate.Benchmarks.Overhead;

namespace Costate.Benchmarks.StableDiffusion;

/// <summary>
/// Full-size Stable Diffusion 1.5 with random weights, 4.3 GB in a temporary folder: what loading, the U-Net and whole gradients take.
/// </summary>
internal static class StableDiffusionBenchmark
{
    private const double Gibibyte = 1 << 30;
    private const int Tile = 256;

    // Time beside bare work, at 256 x 256 pixels and at 512 x 512, and in how many turns.
    private static readonly (int Pixels, double Target, int Turns)[] Calls = [(256, 1.10, 21), (512, 1.25, 9)];

    internal static IEnumerable<Figure> Loading() => OnFolder(folder =>
    [
        Ratio("SD1.5, loading / copying the files into memory", 1.3, MeasurementProcess.ReturningFreedMemory.InLargePages
            .Run<InterleavedRatio>(nameof(LoadingMeasurement.LoadingTime), folder)),
    ]);

    internal static IEnumerable<Figure> Unet() => OnFolder(folder => Calls.Select(call => Ratio(
            $"SD1.5's U-Net / bare, {call.Pixels} x {call.Pixels}",
            call.Target,
            MeasurementProcess.KeepingFreedMemory.InLargePages
                .Run<InterleavedRatio>(nameof(UnetMeasurement.UnetCall), folder, call.Pixels, call.Turns)))
        .Append(Growth(folder))
        .Append(Time(folder, trainable: false, 1.55))
        .Append(Time(folder, trainable: true, 1.4)));

    internal static IEnumerable<Figure> Pipeline() => OnFolder(folder =>
    [
        RoundTrip(folder, 32),
        RoundTrip(folder, 16),
        Peak("SD1.5, sample of 256 x 256: peak, GiB", 24, nameof(PipelineMeasurement.SamplePeak), folder, 256),
        Peak("SD1.5, gradient of 256 x 256: peak, GiB", 24, nameof(PipelineMeasurement.GradientPeak), folder, 256, 0),
        Peak("SD1.5, gradient of 512 x 512 in tiles: peak, GiB", 24, nameof(PipelineMeasurement.GradientPeak), folder, 512, Tile),
    ]);

    // The folder lives while its figures are drawn from it.
    private static IEnumerable<Figure> OnFolder(Func<string, IEnumerable<Figure>> measure)
    {
        string folder = Directory.CreateTempSubdirectory("costate-sd-").FullName;
        try
        {
            MeasurementProcess.ReturningFreedMemory.InLargePages.Run<bool>(nameof(StableDiffusionFolder.WriteTo), folder);
            foreach (Figure figure in measure(folder))
            {
                yield return figure;
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Figure RoundTrip(string folder, int bits) => new(
        $"SD1.5, inverted by Rex and drawn again in {bits} bits: largest difference",
        MeasurementProcess.KeepingFreedMemory.InLargePages.Run<double>(nameof(PipelineMeasurement.RoundTrip), folder, bits, 128),
        0,
        "2 steps of latents of 128 x 128 pixels, guided");

    private static Figure Growth(string folder)
    {
        double Peak(int recomputes) =>
            MeasurementProcess.ReturningFreedMemory.InLargePages.Run<long>(nameof(UnetMeasurement.VjpGrowth), folder, 512, recomputes, 0);
        (double with, double without) = (Peak(1), Peak(0));
        return new("SD1.5's U-Net, VJP of 512 x 512: growth with / without checkpointing", with / without, 0.35, string.Create(
            CultureInfo.InvariantCulture, $"{with / Gibibyte:F2} GiB, {without / Gibibyte:F2} GiB above its weights"));
    }

    private static Figure Time(string folder, bool trainable, double target) => Ratio(
        $"the same, time, {(trainable ? "with gradients of the weights" : "weights frozen")}",
        target,
        MeasurementProcess.KeepingFreedMemory.InLargePages
            .Run<InterleavedRatio>(nameof(UnetMeasurement.VjpTime), folder, 512, trainable ? 1 : 0));

    private static Figure Ratio(string name, double target, InterleavedRatio ratio) => new(name, ratio.OfTurn(), target, string.Create(
        CultureInfo.InvariantCulture,
        $"median of {ratio.OfTurns.Count} turns, half of them {ratio.OfTurn(0.25):F3} to {ratio.OfTurn(0.75):F3}; "
            + $"{ratio.Work.TotalSeconds:F2} s / {ratio.Reference.TotalSeconds:F2} s of the processor"));

    private static Figure Peak(string name, double target, string measurement, params object[] arguments)
    {
        double[] measured = MeasurementProcess.ReturningFreedMemory.InLargePages.Run<double[]>(measurement, arguments);
        return new(name, measured[0] / Gibibyte, target, string.Create(
            CultureInfo.InvariantCulture, $"2 steps, guided, on two threads, {measured[1]:F0} s; 4.0 GiB of it are the weights"));
    }
}
