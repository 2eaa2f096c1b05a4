using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A layer whose one parameter is its weight.</summary>
internal abstract class WeightLayer : NetworkBlock
{
    private const string Name = "weight";

    private Parameter weight;

    /// <param name="name">Its name.</param>
    /// <param name="initial">The weight of a new one, which becomes its own.</param>
    private protected WeightLayer(string name, Tensor initial)
        : base(name)
    {
        weight = nn.Parameter(initial);
        register_parameter(Name, weight);
        weight.DetachFromDisposeScope();
    }

    /// <summary>The weight.</summary>
    internal Parameter Weight
    {
        get => weight;
        set
        {
            weight = value;
            ConditionallyRegisterParameter(Name, value);
        }
    }
}
