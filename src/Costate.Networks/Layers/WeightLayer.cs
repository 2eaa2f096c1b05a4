using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A layer whose one parameter of its own is its weight.</summary>
internal abstract class WeightLayer : NetworkBlock, IWeighted
{
    private readonly string parameter;

    /// <param name="name">Its name.</param>
    /// <param name="initial">The weight of a new one, which becomes its own.</param>
    /// <param name="parameter">The parameter's name. The default value is <c>weight</c>.</param>
    /// <param name="isTrained">Whether it may take gradients. The default value is true.</param>
    private protected WeightLayer(string name, Tensor initial, string parameter = "weight", bool isTrained = true)
        : base(name)
    {
        this.parameter = parameter;
        Parameter weight = nn.Parameter(initial, isTrained);
        register_parameter(parameter, weight);
        weight.DetachFromDisposeScope();
    }

    /// <summary>The weight.</summary>
    /// <remarks>Looked up, for <c>to</c> may put another in its place.</remarks>
    public Parameter Weight
    {
        get => get_parameter(parameter)!;
        set => ConditionallyRegisterParameter(parameter, value);
    }
}
