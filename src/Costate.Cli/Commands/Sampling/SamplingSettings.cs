using Costate.Cli.Files;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary>What the options of a command with a model say, checked as far as text can be.</summary>
internal sealed record SamplingSettings
{
    internal static readonly (string Name, ScalarType Value)[] Dtypes = [("float32", ScalarType.Float32), ("float64", ScalarType.Float64)];

    /// <summary>What the embedded model is called where a file of a model would stand.</summary>
    internal const string EmbeddedModel = "embedded";

    /// <summary>Where pictures and tensors come from.</summary>
    internal required InputFiles Files { get; init; }

    /// <summary>A file; the embedded model if null.</summary>
    internal required string? Model { get; init; }

    /// <summary>Where the embedded model's weights are; those that came with the tool if null.</summary>
    internal required string? Weights { get; init; }

    internal required SamplingPlan Plan { get; init; }

    internal required string? SchedulerConfiguration { get; init; }

    /// <summary>The shift of a scheduler configuration.</summary>
    internal required double? Mu { get; init; }

    /// <summary>The noise levels for a scheduler configuration, as the user gave them.</summary>
    internal required string? Sigmas { get; init; }

    internal required string? Condition { get; init; }

    /// <summary>A picture whose code is the condition.</summary>
    internal required string? ConditionFrom { get; init; }

    internal required double? GuidanceScale { get; init; }

    internal required string? Unconditional { get; init; }

    internal required long[]? Shape { get; init; }

    internal required int? Batch { get; init; }

    internal required string? StartNoise { get; init; }

    internal required ulong Seed { get; init; }

    /// <summary>Whether the user said it.</summary>
    internal required bool SeedIsGiven { get; init; }

    internal required ScalarType Dtype { get; init; }

    internal required int? Threads { get; init; }

    internal required string Output { get; init; }

    internal required bool Json { get; init; }

    /// <summary>By name: what a result file says of how it was made. What was not given is left out.</summary>
    internal SortedDictionary<string, Setting> Describe(long[] shape, params (string Name, Setting? Value)[] more) => Setting.Named(
    [
        ("model", Model ?? EmbeddedModel),
        ("weights", Weights),
        ("schedulerConfig", SchedulerConfiguration),
        ("mu", Mu),
        ("sigmas", Sigmas),
        ("schedule", Plan.Schedule.ToString()),
        ("prediction", Model is null ? null : Plan.Prediction.ToString().ToLowerInvariant()),
        ("timeScale", Plan.TrainingTimesteps is null ? Plan.TimeScale : null),
        ("trainingTimesteps", Plan.TrainingTimesteps),
        ("condition", Condition),
        ("conditionFrom", ConditionFrom),
        ("guidanceScale", GuidanceScale),
        ("unconditional", Unconditional),
        ("solver", Plan.Solver.Name),
        ("steps", Plan.Grid.Steps),
        ("grid", Plan.GridName),
        ("start", Plan.Grid.Start),
        ("end", Plan.Grid.End),
        ("shape", string.Join(',', shape)),
        ("startNoise", StartNoise),
        ("seed", Seed),
        ("dtype", Dtypes.Single(d => d.Value == Dtype).Name),
        ("threads", TorchThreads.Count),
        .. more,
    ]);
}
