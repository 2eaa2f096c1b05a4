using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Experiments.Boltzmann;

/// <summary>A small network of a single particle, without symmetries.</summary>
internal sealed class PlaneNetwork : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly TimeFeatures time;
    private readonly Linear position;
    private readonly Linear first;
    private readonly Linear second;
    private readonly Linear velocity;

    internal PlaneNetwork(int numbers, int width)
        : base(nameof(PlaneNetwork))
    {
        time = new TimeFeatures(width);
        (position, first, second) = (nn.Linear(numbers, width), nn.Linear(width, width), nn.Linear(width, width));
        velocity = nn.Linear(width, numbers);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor t)
    {
        Tensor hidden = nn.functional.silu(position.call(x) + time.call(t));
        hidden = nn.functional.silu(first.call(hidden));
        return velocity.call(nn.functional.silu(second.call(hidden)));
    }
}
