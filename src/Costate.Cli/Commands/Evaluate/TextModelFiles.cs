using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Faces.Models;
using Costate.Faces.Sampling;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Evaluate;

/// <summary>The text-to-image model that is evaluated.</summary>
internal static class TextModelFiles
{
    internal static Option<string?> Option() => CommonOptions.Text(
        "--model", "DIR", "A model of costate train text-to-image. [default: the embedded one]");

    /// <summary>Loads it. Dispose it.</summary>
    internal static DiffusionPipeline Load(
        string? folder, EmbeddedModel embedded, Terminal terminal, CancellationToken cancellationToken, Device? device = null)
    {
        using var loading = new ProgressLine(terminal, "loading", total: 1);
        var unguided = new Prompting { Prompts = [], Negative = null, GuidanceScale = 1, Device = device ?? CPU };
        return unguided.Load(folder ?? embedded.TextFolder, loading, cancellationToken);
    }
}
