using System.Globalization;
using static TorchSharp.torch;

namespace Costate.Cli.Commands;

/// <summary>What the options of <c>sample</c> and <c>gradient</c> say, checked as far as text can be.</summary>
internal sealed record SamplingSettings
{
    internal static readonly (string Name, ScalarType Value)[] Dtypes = [("float32", ScalarType.Float32), ("float64", ScalarType.Float64)];

    internal required string Model { get; init; }

    internal required string ScheduleText { get; init; }

    internal required NoiseSchedule Schedule { get; init; }

    internal required Prediction Prediction { get; init; }

    internal required double TimeScale { get; init; }

    internal required int? TrainingTimesteps { get; init; }

    internal required string? Condition { get; init; }

    internal required double? GuidanceScale { get; init; }

    internal required string? Unconditional { get; init; }

    internal required Solver Solver { get; init; }

    internal required string GridText { get; init; }

    internal required TimeGrid Grid { get; init; }

    internal required long[]? Shape { get; init; }

    internal required int? Batch { get; init; }

    internal required string? StartNoise { get; init; }

    internal required double StartScale { get; init; }

    internal required ulong Seed { get; init; }

    internal required ScalarType Dtype { get; init; }

    internal required int? Threads { get; init; }

    internal required string Output { get; init; }

    internal required bool Json { get; init; }

    /// <summary>By name, as text: what a result file says of how it was made. What was not given is left out.</summary>
    internal SortedDictionary<string, string> Describe(long[] shape, params (string Name, string? Value)[] more)
    {
        (string Name, string? Value)[] all =
        [
            ("model", Model),
            ("schedule", Schedule.ToString()),
            ("prediction", Prediction.ToString().ToLowerInvariant()),
            ("timeScale", TrainingTimesteps is null ? Text(TimeScale) : null),
            ("trainingTimesteps", TrainingTimesteps?.ToString(CultureInfo.InvariantCulture)),
            ("condition", Condition),
            ("guidanceScale", GuidanceScale is double g ? Text(g) : null),
            ("unconditional", Unconditional),
            ("solver", Solver.Name),
            ("steps", Grid.Steps.ToString(CultureInfo.InvariantCulture)),
            ("grid", GridText),
            ("start", Text(Grid.Start)),
            ("end", Text(Grid.End)),
            ("shape", string.Join(',', shape)),
            ("startNoise", StartNoise),
            ("seed", Seed.ToString(CultureInfo.InvariantCulture)),
            ("dtype", Dtypes.Single(d => d.Value == Dtype).Name),
            ("threads", TorchThreads.Count.ToString(CultureInfo.InvariantCulture)),
            .. more,
        ];
        return new(all.Where(p => p.Value is not null).ToDictionary(p => p.Name, p => p.Value!), StringComparer.Ordinal);
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
