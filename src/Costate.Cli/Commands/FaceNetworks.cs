using Costate.Cli.Terminals;
using Costate.Faces.Models;

namespace Costate.Cli.Commands;

/// <summary>The networks of drawn faces for one command: its own, or borrowed from those that stay.</summary>
internal static class FaceNetworks
{
    /// <summary>Loads or borrows them, under the terminal's watch.</summary>
    internal static FaceModel Of(Terminal terminal, Func<string?, FaceModel> load, string? weights)
    {
        FaceModel faces = terminal.Shelf?.Networks($"recognised faces {weights}", () => load(weights)) ?? load(weights);
        faces = terminal.Shelf is null ? faces : faces with { Model = NetworkShelf.Borrowed(faces.Model) };
        return faces with { Model = terminal.Watched(faces.Model) };
    }
}
