using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// Layers under given names, such as their places in a sequence with others that have no parameters. Whoever made them calls them.
/// </summary>
internal sealed class NamedLayers : NetworkBlock
{
    internal NamedLayers(params ReadOnlySpan<(string Name, nn.Module Layer)> layers)
        : base(nameof(NamedLayers))
    {
        foreach ((string name, nn.Module layer) in layers)
        {
            register_module(name, layer);
        }
    }
}
