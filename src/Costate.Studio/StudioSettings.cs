using System.Net;
using Costate.Studio.Access;
using Costate.Studio.Forms;

namespace Costate.Studio;

/// <summary>Where the studio listens, and what it works with.</summary>
internal sealed record StudioSettings
{
    /// <summary>The address to listen at; this machine alone unless the user asks for another.</summary>
    internal IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; any that is free if 0.</summary>
    internal int Port { get; init; }

    /// <summary>Where jobs and uploads are.</summary>
    internal required string Folder { get; init; }

    /// <summary>What jobs compute with.</summary>
    internal ComputingChoice Computing { get; init; } = new();

    /// <summary>How much of everything there may be.</summary>
    internal StudioLimits Limits { get; init; } = new();
}
