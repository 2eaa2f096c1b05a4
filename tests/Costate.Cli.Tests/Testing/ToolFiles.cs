using Costate.Cli.Files;
using Costate.Faces.Inputs;
using static TorchSharp.torch;

namespace Costate.Cli.Tests;

/// <summary>Files as commands read them.</summary>
internal static class ToolFiles
{
    /// <summary>Those of a run without a standard input.</summary>
    public static InputFiles Inputs => new(() => Stream.Null, default);

    public static Tensor Picture(string path, long[]? shape) =>
        ImageFile.Read($"the picture {path}", Inputs.Picture("the picture", path), shape);
}
