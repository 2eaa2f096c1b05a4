using Costate.Cli.Terminals;
using Costate.Faces.Models;
using Costate.Networks;

namespace Costate.Cli.Commands;

/// <summary>What commands are given by the command line that they stand in.</summary>
/// <param name="Terminal">Where they print.</param>
/// <param name="Cancellation">Whether the user has given up.</param>
internal sealed record CommandContext(Terminal Terminal, CancellationToken Cancellation)
{
    /// <summary>Loads the networks that morph and guide faces, from a folder of weights or those that came with the tool.</summary>
    internal Func<string?, FaceModel> LoadFaces { get; init; } = FaceModel.Embedded;

    /// <summary>The same networks for one command: its own, or borrowed from those that stay; under the terminal's watch.</summary>
    internal FaceModel Faces(string? weights)
    {
        FaceModel faces = Terminal.Shelf?.Networks($"recognised faces {weights}", () => LoadFaces(weights)) ?? LoadFaces(weights);
        Model model = Terminal.Shelf is null ? faces.Model : NetworkShelf.Borrowed(faces.Model);
        return faces with { Model = Terminal.Watched(model) };
    }
}
