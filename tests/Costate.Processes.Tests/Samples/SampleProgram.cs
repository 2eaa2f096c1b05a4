using System.Runtime.InteropServices;
using Costate.Testing;

namespace Costate.Processes.Tests.Samples;

/// <summary>
/// A program of samples/, compiled beside the libraries that the tests have, which takes two seconds where <c>dotnet run</c> takes ten.
/// </summary>
internal static class SampleProgram
{
    private const string GlobalUsings = """
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

    // No warning for what the build does not warn of: undocumented members, and libraries built against older runtimes.
    private static readonly string[] Options =
    [
        "-nologo", "-noconfig", "-langversion:latest", "-nullable:enable", "-features:FileBasedProgram", "-optimize", "-warnaserror",
        "-nowarn:CS1591,CS1701,CS1702",
    ];

    /// <summary>Compiles and runs it; what it printed.</summary>
    public static string Run(string file, params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, $"sample-{Guid.NewGuid():N}.dll");
        try
        {
            Compile(Repository.PathTo("samples", file), program);
            string settings = Path.Combine(AppContext.BaseDirectory, typeof(SampleProgram).Assembly.GetName().Name!);
            string[] host = ["--depsfile", $"{settings}.deps.json", "--runtimeconfig", $"{settings}.runtimeconfig.json"];
            return Dotnet(["exec", .. host, program, .. arguments]);
        }
        finally
        {
            File.Delete(program);
        }
    }

    /// <summary>Runs it as its first line says, by <c>dotnet run</c>, in the configuration that the libraries have been built in.</summary>
    public static string RunAsPrinted(string file) => Dotnet("run", "-c", "Release", file);

    /// <summary>Compiles a file to a program; warnings are errors.</summary>
    public static void Compile(string file, string program)
    {
        using var folder = new TemporaryFolder();
        folder.Write("Usings.g.cs", GlobalUsings);
        folder.Write("severities.globalconfig", Severities);
        string[] references =
        [
            .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => $"-r:{path}"),
        ];
        folder.Write("compiler.rsp", string.Join('\n', references.Select(reference => $"\"{reference}\"")));
        string root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string sdk = Path.Combine(root, "sdk", Dotnet("--version").Trim());
        string styles = Path.Combine(sdk, "Sdks", "Microsoft.NET.Sdk", "codestyle", "cs");
        _ = Dotnet(
        [
            "exec", Path.Combine(sdk, "Roslyn", "bincore", "csc.dll"), .. Options,
            $"-analyzer:{Path.Combine(styles, "Microsoft.CodeAnalysis.CodeStyle.dll")}",
            $"-analyzer:{Path.Combine(styles, "Microsoft.CodeAnalysis.CSharp.CodeStyle.dll")}",
            $"-out:{program}", $"-doc:{folder.PathTo("doc.xml")}",
            $"-analyzerconfig:{folder.PathTo("severities.globalconfig")}",
            $"@{folder.PathTo("compiler.rsp")}", folder.PathTo("Usings.g.cs"), file,
        ]);
    }

    private static string Dotnet(params string[] arguments)
    {
        (int exitCode, string output) = Testing.Dotnet.Run(Repository.PathTo("samples"), TimeSpan.FromMinutes(5), arguments);
        Assert.True(exitCode == 0, output);
        return output;
    }
}
