using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Graphs;

/// <summary>One gradient through ten steps of DDIM and a U-Net of 6.5 million frozen random parameters, at 3 x 32 x 32.</summary>
internal sealed class UnetGradient : IDisposable
{
    internal const int Steps = 10;

    private readonly UNet2DModel network = new(Config);
    private readonly Tensor start = StartNoise.Draw([1, 3, 32, 32], 1);

    internal UnetGradient()
    {
        set_num_threads(1);
        using IDisposable noGraph = no_grad();
        foreach ((int index, (_, Parameter parameter)) in network.named_parameters().Index())
        {
            using DisposeScope scope = NewDisposeScope();
            parameter.copy_(StartNoise.Draw(parameter.shape, (ulong)index) * 0.05);
            parameter.requires_grad_(false);
        }

        network.eval();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        Sampler = new Sampler(
            Denoiser.FromModule(network, Prediction.Noise), schedule, Solver.Ddim(), TimeGrid.UniformLogSnr(schedule, Steps));
    }

    internal static UNet2DConfig Config { get; } = new()
    {
        BlockOutChannels = [64, 128, 160],
        DownBlockTypes = ["DownBlock2D", "DownBlock2D", "AttnDownBlock2D"],
        UpBlockTypes = ["AttnUpBlock2D", "UpBlock2D", "UpBlock2D"],
        LayersPerBlock = 2,
    };

    internal long Parameters => network.parameters().Sum(parameter => parameter.numel());

    internal Sampler Sampler { get; }

    /// <summary>Takes the gradient and gives what it cost.</summary>
    internal GradientCost Run(GradientMethod method)
    {
        using DisposeScope scope = NewDisposeScope();
        return Sampler.Gradient(start, null, x => x.square().sum([1, 2, 3]), method).Cost;
    }

    /// <summary>Evaluates the network once.</summary>
    internal void Call()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        network.call(start, full([1], 500f));
    }

    /// <summary>Draws the sample.</summary>
    internal void Sample() => Sampler.Sample(start).Dispose();

    /// <summary>The gradient with respect to the start noise, in the caller's dispose scope.</summary>
    internal Tensor OfStart() => Sampler.Gradient(start, null, x => x.square().sum([1, 2, 3])).StartNoise;

    /// <summary>Writes the parameters and the start noise to a safetensors file.</summary>
    internal void WriteTensors(string file) => SafetensorsFile.Write(
        file,
        [.. network.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter)), KeyValuePair.Create("start", start)]);

    /// <summary>The time that the network is told at each step, and the weights of the state and of its output there.</summary>
    internal double[][] Weights() =>
    [
        .. Sampler.Table.Rows.Skip(1).Select((row, i) =>
            (double[])[Sampler.Table.Rows[i].NetworkTime, row.States.Single().Weight, row.Outputs.Single().Weight]),
    ];

    public void Dispose()
    {
        network.Dispose();
        start.Dispose();
    }
}
