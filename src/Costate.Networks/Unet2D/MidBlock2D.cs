using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The coarsest level: two residual blocks, with attention between them or none.</summary>
internal sealed class MidBlock2D : NetworkBlock
{
    private readonly ModuleList<ResnetBlock2D> resnets;
    private readonly ModuleList<ConditionedLayer>? attentions;

    internal MidBlock2D(int channels, ResnetOptions options, Func<ConditionedLayer>? attention)
        : base(nameof(MidBlock2D))
    {
        register_module("resnets", resnets = nn.ModuleList<ResnetBlock2D>(
            new ResnetBlock2D(channels, channels, options), new ResnetBlock2D(channels, channels, options)));
        if (attention is not null)
        {
            register_module("attentions", attentions = nn.ModuleList<ConditionedLayer>(attention()));
        }
    }

    /// <summary>A new tensor of the shape of x.</summary>
    internal Tensor Forward(Tensor x, Tensor? activatedTime, Tensor? context = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = resnets[0].Forward(x, activatedTime);
        if (attentions is not null)
        {
            hidden = attentions[0].Forward(hidden, context);
        }

        return resnets[1].Forward(hidden, activatedTime).MoveToOuterDisposeScope();
    }
}
