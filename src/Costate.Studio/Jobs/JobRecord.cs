namespace Costate.Studio.Jobs;

/// <summary>A job as it is kept: what was asked for, and what became of it.</summary>
internal sealed record JobRecord
{
    public required string Id { get; init; }

    /// <summary>The form that was filled in.</summary>
    public required string Kind { get; init; }

    /// <summary>As it was filled in, to be filled in again.</summary>
    public required IReadOnlyDictionary<string, string> Values { get; init; }

    /// <summary>Of the tool, without the folder of the results.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The command line that does the same.</summary>
    public required string CommandLine { get; init; }

    /// <summary>The C# that does the same.</summary>
    public required string Code { get; init; }

    public JobState State { get; init; }

    /// <summary>When it was asked for, in UTC.</summary>
    public required DateTime Made { get; init; }

    /// <summary>How long it took.</summary>
    public double? Seconds { get; init; }

    /// <summary>From its beginning to the first picture of what it was making.</summary>
    public double? FirstPicture { get; init; }

    /// <summary>What the tool said.</summary>
    public string Message { get; init; } = "";

    /// <summary>Of its results, within its folder.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Network evaluations.</summary>
    public long Evaluations { get; init; }

    /// <summary>The loss on the way, after so many evaluations each.</summary>
    public IReadOnlyList<double[]> Losses { get; init; } = [];

    /// <summary>Whether nothing will change any more.</summary>
    internal bool IsOver => State is not (JobState.Waiting or JobState.Running);
}
