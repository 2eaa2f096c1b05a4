using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>A part of a network whose parts are registered under the names of its file layout, and under no others.</summary>
internal abstract class NetworkBlock(string name) : nn.Module(name)
{
    /// <summary>Does nothing: the base class would register every field once more under its own name.</summary>
    protected override void RegisterComponents()
    {
    }
}
