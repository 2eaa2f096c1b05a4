using System.CommandLine;

namespace Costate.Cli.Commands.Train;

/// <summary>The options that say what is written down while a network is trained.</summary>
internal sealed class RecordingOptions
{
    private readonly Option<string?> metrics = CommonOptions.Metrics();
    private readonly Option<string?> events = CommonOptions.Text(
        "--tensorboard", "DIR",
        "Write the losses by step for TensorBoard: each run a file of its own, named by its time, in a folder that is created.");

    internal IReadOnlyList<Option> All => [metrics, events];

    /// <summary>A run with what they say.</summary>
    internal RunSettings Of(ParseResult parsed, RunSettings run) =>
        run with { Metrics = parsed.GetValue(metrics), Events = parsed.GetValue(events) };
}
