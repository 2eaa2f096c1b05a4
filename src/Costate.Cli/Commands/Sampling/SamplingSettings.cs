using Costate.Faces.Inputs;
using Costate.Faces.Machines;
using Costate.Faces.Models;
using Costate.Faces.Names;
using Costate.Faces.Reports;
using Costate.Faces.Sampling;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary>What the options of a command with a model say, checked as far as text can be.</summary>
internal sealed record SamplingSettings
{
    /// <summary>The word for the condition of zeros that stands for none.</summary>
    internal const string NoCondition = "zeros";

    /// <summary>What the embedded model is called where a file of a model would stand.</summary>
    internal const string EmbeddedModelName = "embedded";

    /// <summary>What the embedded text-to-image model is called there.</summary>
    internal const string EmbeddedTextModelName = "embedded text";

    /// <summary>Where pictures and tensors come from.</summary>
    internal required InputFiles Files { get; init; }

    /// <summary>A file; an embedded model if null.</summary>
    internal required string? Model { get; init; }

    /// <summary>Where an embedded model's weights are; those that came with the tool if null.</summary>
    internal required string? Weights { get; init; }

    internal required SamplingPlan Plan { get; init; }

    /// <summary>What the user gave for a scheduler configuration, by name.</summary>
    internal IReadOnlyList<(string Name, Setting? Value)> Configuration { get; init; } = [];

    internal string? Condition { get; init; }

    /// <summary>A picture whose code is the condition.</summary>
    internal string? ConditionFrom { get; init; }

    internal double? GuidanceScale { get; init; }

    internal string? Unconditional { get; init; }

    /// <summary>What a pipeline is told; null for other models.</summary>
    internal Prompting? Prompting { get; init; }

    /// <summary>The folder of the pipeline; null for other models.</summary>
    internal string? Pipeline => Prompting is null ? null : Model ?? new EmbeddedModel(Weights).TextFolder;

    /// <summary>Where the model computes.</summary>
    internal required Device Device { get; init; }

    /// <summary>What the model is called in results.</summary>
    internal string ModelName => Model ?? (Prompting is null ? EmbeddedModelName : EmbeddedTextModelName);

    /// <summary>A picture and the mask of what of it is kept, for a network that repaints the rest; null for others.</summary>
    internal (string Image, string Mask)? Repainted { get; init; }

    internal long[]? Shape { get; init; }

    internal required int? Batch { get; init; }

    internal required string? StartNoise { get; init; }

    internal required ulong Seed { get; init; }

    internal required ScalarType Dtype { get; init; }

    internal required RunSettings Run { get; init; }

    /// <summary>By name: what a result file says of how it was made. What was not given is left out.</summary>
    internal SortedDictionary<string, Setting> Describe(long[] shape, params (string Name, Setting? Value)[] more) => Setting.Named(
    [
        ("model", ModelName),
        ("weights", Weights),
        .. Configuration,
        ("prediction", Model is null && Prompting is null ? null : NamedPrediction.NameOf(Plan.Prediction)),
        ("condition", Condition),
        ("conditionFrom", ConditionFrom),
        .. Prompting?.Describe() ?? [("guidanceScale", GuidanceScale)],
        ("unconditional", Unconditional),
        ("shape", string.Join(',', shape)),
        ("startNoise", StartNoise),
        ("seed", Seed),
        ("dtype", NamedDtype.NameOf(Dtype)),
        ("device", ComputeDevice.Said(Device)),
        ("threads", TorchThreads.Count),
        .. Plan.Describe(),
        .. more,
    ]);
}
