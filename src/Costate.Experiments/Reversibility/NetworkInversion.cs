using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Reversibility;

/// <summary>A U-Net on a random image: a small one with random weights, or one from a folder.</summary>
internal sealed class NetworkInversion : InversionProblem
{
    private const int Images = 1;
    private const int Levels = 1000;
    private const int UsualSide = 32;
    private const ulong NoiseSeed = 1;
    private const ulong DataSeed = 2;
    private const ulong WeightSeed = 1000;

    private readonly UNet2DModel network;

    private NetworkInversion(UNet2DModel network, NoiseSchedule schedule, Prediction prediction, string label, string remark, double work)
        : base("unet", label, remark, prediction, Levels, work)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        (this.network, Schedule) = (network, schedule);
        network.eval();
        long[] shape = Shape(network.Config);
        Noise = Rounded(StartNoise.Draw(shape, NoiseSeed));
        Data = Rounded(StartNoise.Draw(shape, DataSeed).mul_(0.5).clamp_(-1, 1));
    }

    internal override IReadOnlyList<int> QuickSteps => [InversionStudy.QuickSteps[0]];

    internal override NoiseSchedule Schedule { get; }

    internal override Tensor Data { get; }

    internal override Tensor Noise { get; }

    /// <summary>
    /// A small network with random weights from a fixed seed. As a velocity prediction: its outputs are of the size of the data then at
    /// every time, where those of a noise prediction would have to cancel x at the noisy end.
    /// </summary>
    internal static NetworkInversion Seeded()
    {
        var network = new UNet2DModel(new UNet2DConfig
        {
            SampleSize = (16, 16),
            DownBlockTypes = ["DownBlock2D", "AttnDownBlock2D"],
            UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D"],
            BlockOutChannels = [32, 64],
            LayersPerBlock = 1,
            NormNumGroups = 8,
            AttentionHeadDim = null,
        });
        Fill(network);
        return new NetworkInversion(
            network,
            NoiseSchedule.VpScaledLinear(),
            Prediction.Velocity,
            "U-Net",
            "UNet2DModel with random weights, an image of 3x16x16; velocity prediction in 32 bits",
            work: 30);
    }

    /// <summary>A network that predicts noise on the linear schedule of DDPM, from a folder as diffusers writes it.</summary>
    /// <exception cref="InvalidDataException">The folder holds no such network.</exception>
    internal static NetworkInversion FromFolder(string folder)
    {
        try
        {
            UNet2DModel network = UNet2DModel.FromPretrained(folder);
            string shape = string.Join('x', Shape(network.Config).Skip(1));
            return new NetworkInversion(
                network,
                NoiseSchedule.VpLinear(),
                Prediction.Noise,
                "U-Net",
                $"UNet2DModel of {Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))}, an image of {shape}; "
                    + "noise prediction in 32 bits",
                work: 30);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ArgumentException or NotSupportedException)
        {
            throw new InvalidDataException($"The folder '{folder}' holds no U-Net that can be read: {e.Message}", e);
        }
    }

    public override void Dispose()
    {
        network.Dispose();
        Data.Dispose();
        Noise.Dispose();
    }

    private protected override Tensor Network(Tensor x, Tensor t, Tensor? z) => network.call(x, t);

    private static long[] Shape(UNet2DConfig config)
    {
        (int height, int width) = config.SampleSize ?? (UsualSide, UsualSide);
        return [Images, config.InChannels, height, width];
    }

    // Outputs of every layer are about as large as its inputs. The library's own counter-based draws, so that it is the same network
    // everywhere.
    private static void Fill(UNet2DModel network)
    {
        using IDisposable noGraph = no_grad();
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
