using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Memory;

/// <summary>What a gradient through a network of latent diffusion takes, with its blocks computed again and without.</summary>
internal static class RecomputationMeasurement
{
    private static readonly UNet2DConditionConfig Unet = new()
    {
        BlockOutChannels = [64, 128, 256, 256],
        CrossAttentionDim = [64],
    };

    private static readonly AutoencoderKLConfig Autoencoder = new()
    {
        BlockOutChannels = [32, 64, 128, 128],
        DownBlockTypes = [.. Enumerable.Repeat("DownEncoderBlock2D", 4)],
        UpBlockTypes = [.. Enumerable.Repeat("UpDecoderBlock2D", 4)],
        LayersPerBlock = 2,
    };

    /// <summary>In a child process: by how much one gradient through a U-Net raises the peak above what was resident before it.</summary>
    internal static long UnetGrowth(bool recomputes)
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new UNet2DConditionModel(Unet) { GradientCheckpointing = recomputes };
        Tensor text = StartNoise.Draw([1, 77, 64], 2), time = full([1], 500f);
        return Growth(network, x => network.call(x, time, text), StartNoise.Draw([1, 4, 64, 64], 1));
    }

    /// <summary>In a child process: the same through a decoder.</summary>
    internal static long DecoderGrowth(bool recomputes)
    {
        using DisposeScope scope = NewDisposeScope();
        using var network = new AutoencoderKL(Autoencoder) { GradientCheckpointing = recomputes };
        return Growth(network, network.Decode, StartNoise.Draw([1, 4, 32, 32], 1));
    }

    private static long Growth(nn.Module network, Func<Tensor, Tensor> call, Tensor x)
    {
        set_num_threads(1);
        foreach (Parameter parameter in network.parameters())
        {
            parameter.requires_grad_(false);
        }

        network.eval();
        Run();
        MemoryMeasurement.Collect();
        ResidentMemory.ResetPeak();
        long before = ResidentMemory.CurrentBytes;
        Run();
        return ResidentMemory.PeakBytes - before;

        void Run()
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor leaf = x.detach().requires_grad_(true);
            call(leaf).sum().backward();
        }
    }
}
