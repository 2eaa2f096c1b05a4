using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Experiments.Boltzmann;

/// <summary>A trained flow of a system: a network of states in units of their deviation.</summary>
internal sealed class BoltzmannFlow : IDisposable
{
    private readonly BoltzmannSystem system;

    internal BoltzmannFlow(BoltzmannSystem system, double scale)
    {
        (this.system, Scale) = (system, scale);
        int width = system.Training.Width;
        Network = system.Particles == 1 ? new PlaneNetwork(system.Numbers, width)
            : new PairNetwork(system.Particles, system.Dimension, width);
        Seed(Network);
    }

    /// <summary>From states and times to velocities.</summary>
    internal nn.Module<Tensor, Tensor, Tensor> Network { get; }

    /// <summary>A state of the system over one of the flow.</summary>
    internal double Scale { get; }

    internal Sampler Sampler(Solver solver, int steps) => new(
        Denoiser.FromFunction((x, t, _) => Network.call(x, t.expand(x.shape[0])), Prediction.Velocity),
        FlowTraining.Schedule,
        solver,
        TimeGrid.UniformLogSnr(FlowTraining.Schedule, steps, FlowTraining.Begin, FlowTraining.End));

    /// <summary>Start noise, in the system's subspace.</summary>
    internal Tensor Start(int count, ulong seed)
    {
        Tensor noise = StartNoise.Draw([count, system.Numbers], seed);
        return system.Subspace?.Project(noise) ?? noise;
    }

    public void Dispose() => Network.Dispose();

    // The same weights on every machine; the last layer answers 0 at first.
    private static void Seed(nn.Module network)
    {
        using IDisposable noGraph = no_grad();
        (string Name, Parameter Parameter)[] all = [.. network.named_parameters()];
        foreach ((int index, (_, Parameter parameter)) in all.Index())
        {
            using DisposeScope scope = NewDisposeScope();
            bool isZero = parameter.dim() == 1 || parameter.shape[0] < 4;
            parameter.copy_(isZero
                ? zeros_like(parameter)
                : StartNoise.Draw(parameter.shape, (ulong)index) / Math.Sqrt(parameter.shape[1]));
        }
    }
}
