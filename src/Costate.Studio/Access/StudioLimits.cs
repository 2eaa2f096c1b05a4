namespace Costate.Studio.Access;

/// <summary>How much of everything the studio takes, so that no visitor fills the memory or the disk.</summary>
internal sealed record StudioLimits
{
    /// <summary>Of an upload.</summary>
    internal int UploadBytes { get; init; } = 1 << 25;

    /// <summary>Of a picture: with all colours it takes four bytes of each, one picture at a time.</summary>
    internal long Pixels { get; init; } = 1 << 24;

    /// <summary>Kept for jobs.</summary>
    internal int Uploads { get; init; } = 1000;

    /// <summary>In the queue.</summary>
    internal int WaitingJobs { get; init; } = 32;

    /// <summary>Kept, the waiting ones included.</summary>
    internal int Jobs { get; init; } = 500;

    /// <summary>Of the whole work folder.</summary>
    internal long FolderBytes { get; init; } = 8L << 30;

    /// <summary>Open at a time.</summary>
    internal int Connections { get; init; } = 256;

    /// <summary>Pages that listen at a time.</summary>
    internal int Listeners { get; init; } = 128;
}
