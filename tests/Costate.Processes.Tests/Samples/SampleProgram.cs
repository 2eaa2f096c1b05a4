using Costate.Testing;

namespace Costate.Processes.Tests.Samples;

/// <summary>A program of samples/.</summary>
internal static class SampleProgram
{
    /// <summary>Compiles and runs it beside the libraries that the tests have; what it printed.</summary>
    public static string Run(string file, params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, $"sample-{Guid.NewGuid():N}.dll");
        try
        {
            CSharpCompiler.CompileProgram(program, Repository.PathTo("samples", file));
            string settings = Path.Combine(AppContext.BaseDirectory, typeof(SampleProgram).Assembly.GetName().Name!);
            string[] host = ["--depsfile", $"{settings}.deps.json", "--runtimeconfig", $"{settings}.runtimeconfig.json"];
            return Output(["exec", .. host, program, .. arguments]);
        }
        finally
        {
            File.Delete(program);
        }
    }

    /// <summary>Runs it as its first line says, by <c>dotnet run</c>, in the configuration that the libraries have been built in.</summary>
    public static string RunAsPrinted(string file) => Output("run", "-c", "Release", file);

    private static string Output(params string[] arguments)
    {
        (int exitCode, string output) = Dotnet.Run(Repository.PathTo("samples"), TimeSpan.FromMinutes(5), arguments);
        Assert.True(exitCode == 0, output);
        return output;
    }
}
