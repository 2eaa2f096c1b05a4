using Costate.Benchmarks.Memory;
using Costate.Benchmarks.Overhead;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.StableDiffusion;

/// <summary>What a call of the full-size U-Net and its vector-Jacobian product take, measured by a child process of itself.</summary>
internal static class UnetMeasurement
{
    private const int Factor = 8;
    private const int VjpTurns = 2;

    /// <summary>A call beside its bare convolutions, products and attentions; the last number is how many these are.</summary>
    internal static InterleavedRatio UnetCall(string folder, int pixels, int turns)
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        using UNet2DConditionModel network = Load(folder, trainable: false);
        (Tensor x, Tensor t, Tensor text) = Inputs(pixels);
        using var products = new BareUnet(network, Call);
        return InterleavedRatio.MeasureTurns(Call, products.Run, turns);

        void Call()
        {
            using IDisposable noGraph = no_grad();
            network.call(x, t, text).Dispose();
        }
    }

    /// <summary>By how much one vector-Jacobian product raises the peak above what was resident before it.</summary>
    internal static long VjpGrowth(string folder, int pixels, bool recomputes, bool trainable)
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        using UNet2DConditionModel network = Load(folder, trainable);
        network.GradientCheckpointing = recomputes;
        (Tensor x, Tensor t, Tensor text) = Inputs(pixels);

        // The gradients of the weights are there before and after; the code comes into being at a small size.
        (Tensor small, _, _) = Inputs(64);
        Vjp(network, small, t, text);
        MemoryMeasurement.Collect();
        ResidentMemory.ResetPeak();
        long before = ResidentMemory.CurrentBytes;
        Vjp(network, x, t, text);
        return ResidentMemory.PeakBytes - before;
    }

    /// <summary>The time of one with its blocks computed again, beside that of one without.</summary>
    internal static InterleavedRatio VjpTime(string folder, int pixels, bool trainable)
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        using UNet2DConditionModel network = Load(folder, trainable);
        (Tensor x, Tensor t, Tensor text) = Inputs(pixels);
        return InterleavedRatio.MeasureTurns(() => Timed(true), () => Timed(false), VjpTurns);

        void Timed(bool recomputes)
        {
            network.GradientCheckpointing = recomputes;
            Vjp(network, x, t, text);
        }
    }

    private static UNet2DConditionModel Load(string folder, bool trainable) =>
        UNet2DConditionModel.FromPretrained(Path.Combine(folder, "unet"), trainable: trainable);

    private static (Tensor X, Tensor Time, Tensor Text) Inputs(int pixels) => (
        StartNoise.Draw([1, 4, pixels / Factor, pixels / Factor], 1),
        full([1], 500f),
        StartNoise.Draw([1, 77, 768], 2));

    private static void Vjp(UNet2DConditionModel network, Tensor x, Tensor t, Tensor text)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor leaf = x.detach().requires_grad_(true);
        network.call(leaf, t, text).sum().backward();
    }
}
