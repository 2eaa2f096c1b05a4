using Costate.Testing;

namespace Costate.Processes.Tests;

public sealed class CSharpCompilerTests
{
    // Not vacuous: what the build refuses is refused here.
    [Theory]
    [InlineData("using System.Text;\nConsole.WriteLine(1);", "IDE0005")]
    [InlineData("string text = null;\nConsole.WriteLine(text);", "CS8600")]
    [InlineData("Console.WriteLine(Costate.Nothing);", "CS0234")]
    public void Compile_RefusesWhatTheBuildDoes(string code, string error)
    {
        using var folder = new TemporaryFolder();
        folder.Write("bad.cs", code);
        Exception refused = Assert.ThrowsAny<Exception>(
            () => CSharpCompiler.CompileProgram(folder.PathTo("bad.dll"), folder.PathTo("bad.cs")));
        Assert.Contains(error, refused.Message, StringComparison.Ordinal);
    }
}
