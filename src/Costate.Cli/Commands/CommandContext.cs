using Costate.Cli.Terminals;
using Costate.Faces.Models;
using Costate.Faces.Sampling;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Cli.Commands;

/// <summary>What commands are given by the command line that they stand in.</summary>
/// <param name="Terminal">Where they print.</param>
/// <param name="Cancellation">Whether the user has given up.</param>
internal sealed record CommandContext(Terminal Terminal, CancellationToken Cancellation)
{
    /// <summary>Loads the networks that morph and guide faces, from a folder of weights or those that came with the tool.</summary>
    internal Func<string?, Device, FaceModel> LoadFaces { get; init; } = FaceModel.Embedded;

    /// <summary>The same networks for one command: its own, or borrowed from those that stay; under the terminal's watch.</summary>
    internal FaceModel Faces(string? weights, Device device)
    {
        FaceModel Load() => LoadFaces(weights, device);
        FaceModel faces = Terminal.Shelf?.Networks($"recognised faces {device} {weights}", Load) ?? Load();
        return faces with { Model = Lent(faces.Model) };
    }

    /// <summary>A pipeline, loaded or one of those that stay.</summary>
    internal DiffusionPipeline Pipeline(Prompting prompting, string path)
    {
        using var loading = new ProgressLine(Terminal, "loading", total: 1);
        DiffusionPipeline Load() => prompting.Load(path, loading, Cancellation);
        return Terminal.Shelf?.Networks(prompting.NetworksOf(path), Load) ?? Load();
    }

    /// <summary>A model for one command, which may dispose it: its networks stay where there is a shelf for them. It is watched.</summary>
    internal Model Lent(Model model) => Terminal.Watched(Terminal.Shelf is null ? model : NetworkShelf.Borrowed(model));
}
