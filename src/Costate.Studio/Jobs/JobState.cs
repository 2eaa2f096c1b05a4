using System.Text.Json.Serialization;

namespace Costate.Studio.Jobs;

/// <summary>What became of a job.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JobState>))]
internal enum JobState
{
    /// <summary>It is in the queue.</summary>
    Waiting,

    /// <summary>It is being done.</summary>
    Running,

    /// <summary>Its files are there.</summary>
    Done,

    /// <summary>Its message says why there are none.</summary>
    Failed,

    /// <summary>Somebody gave it up.</summary>
    Cancelled,

    /// <summary>The studio ended while it was being done.</summary>
    Interrupted,
}
