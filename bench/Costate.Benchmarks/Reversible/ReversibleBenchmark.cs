using System.Globalization;
using Costate.Benchmarks.Overhead;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Reversible;

/// <summary>
/// What the gradient through a reversible solver keeps, whatever the steps; and its time and memory beside those of the exact discrete
/// adjoint of DDIM with few checkpoints, at equal steps. Linux only: it reads /proc and sets glibc's allocator.
/// </summary>
internal static class ReversibleBenchmark
{
    private const int FewSteps = 10;
    private const int ManySteps = 1000;
    private const int Steps = 50;
    private const int Slots = 8;
    private const int HiddenLayers = 2;
    private const double Mebibyte = 1024 * 1024;

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(20);

    internal static IEnumerable<Figure> Run()
    {
        double few = MeasurementProcess.ReturningFreedMemory.Run<long>(nameof(ReversibleMeasurement.Peak), FewSteps);
        double many = MeasurementProcess.ReturningFreedMemory.Run<long>(nameof(ReversibleMeasurement.Peak), ManySteps);
        yield return new($"Reversible: peak at {ManySteps} steps / at {FewSteps}", many / few, 1.05, string.Create(
            CultureInfo.InvariantCulture,
                $"{many / Mebibyte:F1} MiB / {few / Mebibyte:F1} MiB resident in all, of which a state of "
                    + $"{ReversibleMeasurement.StateBytes / Mebibyte:F1} MiB is kept four times (two states of two words)"));
        yield return MeasurementProcess.KeepingFreedMemory.Run<Figure>(nameof(Time));
        foreach ((int numbers, double most) in new[] { (196_608, 1.5), (1_048_576, 8.0) })
        {
            double milliseconds = MeasurementProcess.KeepingFreedMemory.Run<double>(nameof(StateArithmetic.Milliseconds), numbers);
            yield return new($"Rex(Euler): arithmetic of {numbers} numbers, ms an evaluation", milliseconds, most, "one thread, CPU time");
        }

        double reversible = MeasurementProcess.ReturningFreedMemory.Run<long>(nameof(ReversibleMeasurement.Growth), Steps, 0);
        double revolve = MeasurementProcess.ReturningFreedMemory.Run<long>(nameof(ReversibleMeasurement.Growth), Steps, Slots);
        yield return new($"Rex(Euler) reversible / DDIM Revolve({Slots}): memory", reversible / revolve, 1.25, string.Create(
            CultureInfo.InvariantCulture,
                $"{reversible / Mebibyte:F1} MiB / {revolve / Mebibyte:F1} MiB above what was resident before, {Steps} steps, "
                    + $"batch {ReversibleMeasurement.Batch}"));
    }

    /// <summary>In a child process: the ratio of the times.</summary>
    internal static Figure Time()
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        using var network = new ConvolutionalNetwork(HiddenLayers);
        var reversible = new NetworkGradient(network, Solver.Rex(ButcherTableau.Euler), GradientMethod.Reversible(), Steps, batch: 1);
        var revolve = new NetworkGradient(network, Solver.Ddim(), GradientMethod.Discrete(Checkpointing.Revolve(Slots)), Steps, batch: 1);
        InterleavedRatio ratio = InterleavedRatio.Measure(() => reversible.Run(), () => revolve.Run(), Budget);
        (GradientCost ours, GradientCost theirs) = (reversible.Run(), revolve.Run());
        return new($"Rex(Euler) reversible / DDIM Revolve({Slots}): time", ratio.Value, 2, string.Create(
            CultureInfo.InvariantCulture,
                $"{ratio.Work.TotalMilliseconds:F0} ms / {ratio.Reference.TotalMilliseconds:F0} ms, {Steps} steps; "
                    + $"evaluations {ours.NetworkEvaluations} / {theirs.NetworkEvaluations}, products {ours.VectorJacobianProducts} / "
                    + $"{theirs.VectorJacobianProducts}; ratio of the medians {ratio.OfMedians:F2}"));
    }
}
