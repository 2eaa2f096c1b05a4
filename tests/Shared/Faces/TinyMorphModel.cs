using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Testing;

/// <summary>A morphing model of random weights for faces of 16 x 16 pixels, the same each time.</summary>
internal static class TinyMorphModel
{
    public const int Side = 16;

    public static FaceModel Load(string? weights)
    {
        var network = new DiffusionAutoencoder(new DiffusionAutoencoderConfig
        {
            ImageSize = Side,
            ModelChannels = 32,
            ChannelMult = [1, 1],
            NumResBlocks = 1,
            EmbedChannels = 32,
            EncOutChannels = 8,
            ResnetCondChannels = 8,
            EncNumResBlock = 1,
            AttentionResolutions = [],
            ResnetUseZeroModule = false,
        });
        network.eval();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        foreach ((int index, (string name, Parameter parameter)) in network.named_parameters().Index())
        {
            parameter.requires_grad_(false);
            if (parameter.dim() > 1)
            {
                double fan = parameter.numel() / (double)parameter.shape[0];
                parameter.copy_(StartNoise.Draw(parameter.shape, (ulong)index).mul_(0.5 / Math.Sqrt(fan)));
            }
            else if (name.EndsWith("bias", StringComparison.Ordinal))
            {
                parameter.zero_();
            }
        }

        return Of(
            [network],
            weights,
            Denoiser.FromFunction((x, t, z) => network.call(x, t, z!), Prediction.Velocity, trainingTimesteps: 1000, parameters: []),
            network.Encode);
    }

    /// <summary>The same with a formula in place of the network, where only what is around it is tested.</summary>
    public static FaceModel OfFormula(string? weights) => Of(
        [],
        weights,
            Denoiser.FromFunction(
                (x, t, z) => (0.3 * x.tanh()) + (0.1 * z!.mean([1]).reshape(-1, 1, 1, 1)),
                Prediction.Velocity,
                trainingTimesteps: 1000,
                parameters: []),
        faces => nn.functional.avg_pool2d(faces, 4).flatten(1));

    private static FaceModel Of(IReadOnlyList<IDisposable> networks, string? weights, Denoiser denoiser, Func<Tensor, Tensor> encode)
    {
        Recogniser[] recognisers = [.. Enumerable.Range(0, 5).Select(k => Recogniser(k))];
        var schedule = NoiseSchedule.VpLinear(0.1, 20);
        return new FaceModel
        {
            Model = new Model(weights ?? "tiny", denoiser, schedule, networks)
            {
                Grid = steps => TimeGrid.UniformLogSnr(schedule, steps, 1, 1e-3),
                Shape = [3, Side, Side],
                Encode = encode,
            },
            Attack = recognisers[0],
            Judges = recognisers[1..4],
            PairChooser = recognisers[4],
        };
    }

    // A projection of coarse pixels.
    private static Recogniser Recogniser(int number) => new(
        number == 0 ? "attack" : $"judge {number}",
        faces => nn.functional.avg_pool2d(faces, 4).flatten(1).mm(StartNoise.Draw([48, 12], (ulong)(100 + number), device: faces.device)),
        0.3);
}
