using static TorchSharp.torch;

namespace Costate;

/// <summary>Shapes as error messages print them.</summary>
internal static class Shapes
{
    internal static string Text(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";
}
