using System.Runtime.InteropServices;
using Costate.Testing;

namespace Costate.Processes.Tests;

/// <summary>
/// The SDK's compiler by itself, against the libraries that the tests have: half a second, where a build takes ten. One server compiles all
/// of a run, and ends by itself soon after the last: each by itself would compile the compiler first.
/// </summary>
internal static class CSharpCompiler
{
    private const int ServerSeconds = 30;

    // Those that a project has by itself.
    private const string Usings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    // Usings that nothing uses are errors, as in the build.
    private const string Severities = """
        is_global = true
        dotnet_diagnostic.IDE0005.severity = error
        """;

    private static readonly Lazy<string> Sdk = new(() =>
    {
        (int exitCode, string version) = Dotnet.Run(Repository.PathTo("samples"), TimeSpan.FromMinutes(1), "--version");
        Assert.Equal(0, exitCode);
        return Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "sdk", version.Trim()));
    });

    /// <summary>Compiles files to an assembly.</summary>
    /// <param name="assembly">Where it goes.</param>
    /// <param name="files">The sources.</param>
    /// <param name="options">More options of the compiler.</param>
    public static void Compile(string assembly, IEnumerable<string> files, params string[] options)
    {
        using var folder = new TemporaryFolder();
        folder.Write("Usings.g.cs", Usings);
        string references = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        folder.Write("references.rsp", string.Join('\n', references.Split(Path.PathSeparator).Select(path => $"\"-r:{path}\"")));
        string[] all =
        [
            "exec", Path.Combine(Sdk.Value, "Roslyn", "bincore", "csc.dll"), $"-shared:costate-tests-{Environment.ProcessId}",
            $"-keepalive:{ServerSeconds}", "-nologo", "-noconfig", "-langversion:latest", "-nullable:enable",
            "-optimize", $"-out:{assembly}", $"@{folder.PathTo("references.rsp")}", .. options, folder.PathTo("Usings.g.cs"), .. files,
        ];
        (int exitCode, string output) = Dotnet.Run(folder.FullName, TimeSpan.FromMinutes(5), all);
        Assert.True(exitCode == 0, output);
    }

    /// <summary>The same to a program of one file, as strict as the build: warnings are errors, and usings that nothing uses too.</summary>
    public static void CompileProgram(string assembly, string file)
    {
        using var folder = new TemporaryFolder();
        folder.Write("severities.globalconfig", Severities);
        string styles = Path.Combine(Sdk.Value, "Sdks", "Microsoft.NET.Sdk", "codestyle", "cs");
        Compile(
            assembly,
            [file],
            "-features:FileBasedProgram",
            "-warnaserror",
            "-nowarn:CS1591,CS1701,CS1702",
            $"-doc:{folder.PathTo("doc.xml")}",
            $"-analyzer:{Path.Combine(styles, "Microsoft.CodeAnalysis.CodeStyle.dll")}",
            $"-analyzer:{Path.Combine(styles, "Microsoft.CodeAnalysis.CSharp.CodeStyle.dll")}",
            $"-analyzerconfig:{folder.PathTo("severities.globalconfig")}");
    }
}
