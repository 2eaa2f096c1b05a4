using System.Globalization;
using Costate.Benchmarks.Overhead;
using Costate.Faces.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Network;

/// <summary>What a call of the embedded autoencoder's U-Net costs beside its convolutions and matrix products alone.</summary>
internal static class NetworkBenchmark
{
    private const double Target = 1.2;

    // Activations are slow in some (SiluBenchmark), and no denoiser is before the network here: the median leaves them out.
    private const int Processes = 3;

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(5);

    internal static IEnumerable<Figure> Run() =>
        ((int[])[1, 8, 16]).Select(batch => Enumerable.Range(0, Processes)
            .Select(_ => MeasurementProcess.KeepingFreedMemory.Run<Figure>(nameof(NetworkCall), batch))
            .OrderBy(figure => figure.Value)
            .ElementAt(Processes / 2));

    /// <summary>In a child process: the figure of one batch size.</summary>
    internal static Figure NetworkCall(int batch)
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        PatchedAutoencoderConfig config = PatchedAutoencoderConfig.Faces64;
        using PatchedAutoencoder network = Network(config);
        Tensor x = StartNoise.Draw([batch, config.ImageChannels, config.ImageSize, config.ImageSize], 1);
        Tensor z = StartNoise.Draw([batch, config.Network.EncOutChannels], 2);
        Tensor t = full([batch], 500f);
        using var products = new BareProducts(network, () => Call(x.repeat(2, 1, 1, 1), t.repeat(2), z.repeat(2, 1)), batch);
        InterleavedRatio ratio = InterleavedRatio.Measure(() => Call(x, t, z), products.Run, Budget);
        return new Figure($"Embedded U-Net / its products alone, batch {batch}", ratio.Value, Target, string.Create(
            CultureInfo.InvariantCulture,
                $"{ratio.Work.TotalMilliseconds:F2} ms / {ratio.Reference.TotalMilliseconds:F2} ms of {products.Count} convolutions and "
                    + $"matrix products; ratio of the medians {ratio.OfMedians:F3}"));

        void Call(Tensor sample, Tensor time, Tensor code)
        {
            using IDisposable noGraph = no_grad();
            network.call(sample, time, code).Dispose();
        }
    }

    // Frozen, with random parameters: none are zero, as some are in a new network.
    private static PatchedAutoencoder Network(PatchedAutoencoderConfig config)
    {
        var network = new PatchedAutoencoder(config);
        using IDisposable noGraph = no_grad();
        foreach ((int index, (_, Parameter parameter)) in network.named_parameters().Index())
        {
            using DisposeScope scope = NewDisposeScope();
            parameter.copy_(StartNoise.Draw(parameter.shape, (ulong)index) * 0.05);
            parameter.requires_grad_(false);
        }

        network.eval();
        return network;
    }
}
