using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Experiments.Boltzmann;

/// <summary>
/// A small network of particles that are all alike: its velocities turn, mirror, and change places with them, and leave their centre
/// where it is (after Satorras et al. 2021, positions fixed between layers).
/// </summary>
/// <remarks>
/// Each layer sends messages between all pairs, of what both know and of their distance; the velocity of a particle is a sum of the
/// differences to the others, each weighted by a number of the last message.
/// </remarks>
internal sealed class PairNetwork : nn.Module<Tensor, Tensor, Tensor>
{
    private const int Layers = 3;
    private const int Distances = 24;
    private const double Farthest = 6;

    private readonly int particles;
    private readonly int dimension;
    private readonly TimeFeatures time;
    private readonly ModuleList<Linear> receivers = [];
    private readonly ModuleList<Linear> senders = [];
    private readonly ModuleList<Linear> distances = [];
    private readonly ModuleList<Linear> messages = [];
    private readonly ModuleList<Linear> updates = [];
    private readonly Linear weight;

    internal PairNetwork(int particles, int dimension, int width)
        : base(nameof(PairNetwork))
    {
        (this.particles, this.dimension) = (particles, dimension);
        time = new TimeFeatures(width);
        for (int layer = 0; layer < Layers; layer++)
        {
            receivers.Add(nn.Linear(width, width));
            senders.Add(nn.Linear(width, width, hasBias: false));
            distances.Add(nn.Linear(Distances, width, hasBias: false));
            messages.Add(nn.Linear(width, width));
            updates.Add(nn.Linear(width, width));
        }

        weight = nn.Linear(width, 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor t)
    {
        Tensor positions = x.reshape(x.shape[0], particles, dimension);
        Tensor difference = positions.unsqueeze(2) - positions.unsqueeze(1);

        // The small number keeps the slope finite where a particle meets itself.
        Tensor distance = (difference.square().sum([3L], keepdim: true) + 1e-6).sqrt();
        Tensor centres = linspace(0, Farthest, Distances, dtype: x.dtype, device: x.device);
        Tensor near = ((distance - centres) * (Distances / Farthest)).square().mul(-0.5).exp();
        Tensor known = time.call(t).unsqueeze(1).expand(-1, particles, -1), message = known;
        for (int layer = 0; layer < Layers; layer++)
        {
            Tensor pair = receivers[layer].call(known).unsqueeze(2) + senders[layer].call(known).unsqueeze(1) + distances[layer].call(near);
            message = nn.functional.silu(messages[layer].call(nn.functional.silu(pair)));
            if (layer + 1 < Layers)
            {
                known = known + nn.functional.silu(updates[layer].call(message.sum([2L])));
            }
        }

        Tensor velocity = (difference * weight.call(message)).sum([2L]);
        return (velocity - velocity.mean([1L], keepdim: true)).reshape(x.shape);
    }
}
