using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Reversibility;

/// <summary>
/// A small U-Net with random weights, made here from a fixed seed, on a random image. As a velocity prediction: its outputs are of
/// the size of the data then at every time, where those of a noise prediction would have to cancel x at the noisy end.
/// </summary>
internal sealed class NetworkInversion : InversionProblem
{
    private const int Images = 1;
    private const int Side = 16;
    private const int Levels = 1000;
    private const ulong NoiseSeed = 1;
    private const ulong DataSeed = 2;
    private const ulong WeightSeed = 1000;

    private readonly UNet2DModel network;

    internal NetworkInversion()
        : base("unet", "U-Net", "UNet2DModel with random weights, an image of 3x16x16; velocity prediction in 32 bits", Prediction.Velocity, Levels, work: 30)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        network = new UNet2DModel(new UNet2DConfig
        {
            SampleSize = (Side, Side),
            DownBlockTypes = ["DownBlock2D", "AttnDownBlock2D"],
            UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D"],
            BlockOutChannels = [32, 64],
            LayersPerBlock = 1,
            NormNumGroups = 8,
            AttentionHeadDim = null,
        });
        network.eval();
        Fill(network);
        Noise = Rounded(StartNoise.Draw([Images, 3, Side, Side], NoiseSeed));
        Data = Rounded(StartNoise.Draw([Images, 3, Side, Side], DataSeed).mul_(0.5).clamp_(-1, 1));
    }

    internal override NoiseSchedule Schedule { get; } = NoiseSchedule.VpScaledLinear();

    internal override Tensor Data { get; }

    internal override Tensor Noise { get; }

    public override void Dispose()
    {
        network.Dispose();
        Data.Dispose();
        Noise.Dispose();
    }

    private protected override Tensor Network(Tensor x, Tensor t, Tensor? z) => network.call(x, t);

    // Outputs of every layer are about as large as its inputs. The library's own counter-based draws, so that it is the same network everywhere.
    private static void Fill(UNet2DModel network)
    {
        ulong seed = WeightSeed;
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in network.named_parameters())
        {
            using DisposeScope scope = NewDisposeScope();
            parameter.requires_grad = false;
            long[] shape = parameter.shape;
            if (shape.Length > 1)
            {
                parameter.copy_(StartNoise.Draw(shape, seed++).div_(Math.Sqrt(shape.Skip(1).Aggregate(1L, (a, b) => a * b))));
            }
            else
            {
                parameter.fill_(name.EndsWith("weight", StringComparison.Ordinal) ? 1 : 0);
            }
        }
    }
}
