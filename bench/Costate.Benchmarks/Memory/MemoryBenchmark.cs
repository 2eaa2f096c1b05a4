using System.Globalization;

namespace Costate.Benchmarks.Memory;

/// <summary>What gradients keep while they run, and after. Linux only: it reads /proc and sets glibc's allocator.</summary>
internal static class MemoryBenchmark
{
    private const int FewSteps = 10;
    private const int ManySteps = 1000;
    private const int Slots = 10;
    private const int Calls = 2000;
    private const double Mebibyte = 1024 * 1024;

    internal static IEnumerable<Figure> Run()
    {
        double states = (ManySteps - FewSteps) * MemoryMeasurement.LargeStateBytes;
        yield return Growth("Discrete(States): peak growth / added states", 1.25, states);
        yield return Growth($"Discrete(Revolve({Slots})): peak growth / added states", 0.05, states, Slots);
        yield return Recomputation("Latent U-Net", nameof(RecomputationMeasurement.UnetGrowth));
        yield return Recomputation("Latent decoder", nameof(RecomputationMeasurement.DecoderGrowth));

        long[] residue = MeasurementProcess.ReturningFreedMemory.Run<long[]>(nameof(MemoryMeasurement.Residue), Calls);
        (double bytes, long tensors) = (residue[0] / Mebibyte, residue[1]);

        // Flat to 2 KiB a call, a thirtieth of one state; the garbage collector's own memory moves by about one MiB.
        yield return new($"{Calls} gradients: resident growth, MiB", bytes, 4, "10 steps, states of 64 KiB, half of them with Revolve(3)");
        yield return new($"{Calls} gradients: tensors left alive", tensors, 0, "the same");
    }

    private static Figure Recomputation(string network, string measurement)
    {
        double without = MeasurementProcess.ReturningFreedMemory.Run<long>(measurement, 0);
        double with = MeasurementProcess.ReturningFreedMemory.Run<long>(measurement, 1);
        return new($"{network}: growth with GradientCheckpointing / without", with / without, 0.6, string.Create(
            CultureInfo.InvariantCulture, $"{with / Mebibyte:F0} MiB, {without / Mebibyte:F0} MiB for one gradient"));
    }

    private static Figure Growth(string name, double target, double states, params object[] slots)
    {
        double few = MeasurementProcess.ReturningFreedMemory.Run<long>(nameof(MemoryMeasurement.PeakGrowth), [FewSteps, .. slots]);
        double many = MeasurementProcess.ReturningFreedMemory.Run<long>(nameof(MemoryMeasurement.PeakGrowth), [ManySteps, .. slots]);
        return new(name, (many - few) / states, target, string.Create(
            CultureInfo.InvariantCulture,
                $"{few / Mebibyte:F0} MiB for {FewSteps} steps, {many / Mebibyte:F0} MiB for {ManySteps}, "
                    + $"states of {MemoryMeasurement.LargeStateBytes / Mebibyte:F0} MiB"));
    }
}
