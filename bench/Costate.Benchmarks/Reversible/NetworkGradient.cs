using Costate.Benchmarks.Overhead;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Reversible;

/// <summary>
/// Gradients of images through the convolutional network, which keeps far more than a state. Its noise lives in the caller's scope.
/// </summary>
internal sealed class NetworkGradient
{
    private readonly Sampler sampler;
    private readonly GradientMethod method;
    private readonly Tensor start;

    internal NetworkGradient(ConvolutionalNetwork network, Solver solver, GradientMethod method, int steps, int batch)
    {
        start = StartNoise.Draw([batch, ConvolutionalNetwork.Channels, ConvolutionalNetwork.Size, ConvolutionalNetwork.Size], 1);
        this.method = method;
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        sampler = new Sampler(Denoiser.FromModule(network, Prediction.Noise), schedule, solver, TimeGrid.UniformLogSnr(schedule, steps));
    }

    /// <summary>One gradient, at once disposed.</summary>
    internal GradientCost Run()
    {
        using DisposeScope scope = NewDisposeScope();
        return sampler.Gradient(start, null, x => x.square().sum([1, 2, 3]), method).Cost;
    }
}
