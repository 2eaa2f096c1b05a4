using Costate.Faces.Reports;

namespace Costate.Faces.Sampling;

/// <summary>What <c>result.json</c> says of a run.</summary>
internal sealed record SamplingReport
{
    internal const string FileName = "result.json";

    public required string Command { get; init; }

    public string Version => ToolVersion.Version;

    public required IReadOnlyDictionary<string, Setting> Settings { get; init; }

    public required ulong Seed { get; init; }

    public required long[] Shape { get; init; }

    /// <summary>The loss of each item; none for a sample.</summary>
    public double[]? Loss { get; init; }

    /// <summary>How far samples come back that are drawn again from what they were inverted to, beside their largest entry.</summary>
    public double? RoundTripError { get; init; }

    public GradientOnTheWay? OnTheWay { get; init; }

    public required GradientCost Cost { get; init; }

    /// <summary>All of it, loading included.</summary>
    public required double Seconds { get; init; }

    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>In a line or two.</summary>
    internal string Summary()
    {
        string loss = Loss is null
            ? ""
            : $"loss: {string.Join(", ", Loss.Take(8).Select(l => l.ToString("G6")))}{(Loss.Length > 8 ? ", ..." : "")}\n";
        string products =
            Cost.VectorJacobianProducts == 0
                ? ""
                : $", {Cost.VectorJacobianProducts} vector-Jacobian products, {Cost.PeakStoredStates} states kept ({Cost.PeakStoredBytes} "
                    + "bytes)";
        return $"{loss}cost: {Cost.NetworkEvaluations} network evaluations{products}, {Seconds:0.0} s";
    }
}
