using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Experiments.Boltzmann;

/// <summary>Times in (0, 1] as a vector: waves of the time and of its logarithm, and a layer of each.</summary>
internal sealed class TimeFeatures : nn.Module<Tensor, Tensor>
{
    private const int Waves = 6;

    private readonly Linear first;
    private readonly Linear second;

    internal TimeFeatures(int width)
        : base(nameof(TimeFeatures))
    {
        (first, second) = (nn.Linear(4 * Waves, width), nn.Linear(width, width));
        RegisterComponents();
    }

    public override Tensor forward(Tensor t)
    {
        Tensor frequencies = tensor([.. Enumerable.Range(0, Waves).Select(i => (float)(0.25 * Math.PI * (i + 1)))], device: t.device);
        Tensor both = cat([t.unsqueeze(1) * frequencies * 2, t.log().unsqueeze(1) * frequencies * 0.5], 1);
        return second.call(nn.functional.silu(first.call(cat([both.sin(), both.cos()], 1))));
    }
}
