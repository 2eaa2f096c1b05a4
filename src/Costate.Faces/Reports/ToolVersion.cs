using System.Reflection;

namespace Costate.Faces.Reports;

/// <summary>The version that results name.</summary>
internal static class ToolVersion
{
    /// <summary>The version of this build, without the commit it came from.</summary>
    internal static string Version { get; } =
        typeof(ToolVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? "unknown";
}
