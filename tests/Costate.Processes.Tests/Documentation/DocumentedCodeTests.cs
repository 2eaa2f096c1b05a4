using System.Text.RegularExpressions;
using Costate.Testing;

namespace Costate.Processes.Tests.Documentation;

/// <summary>The C# of the documentation, compiled as it is printed.</summary>
public sealed partial class DocumentedCodeTests
{
    // What a page leaves to its reader: a network, a loss, and what the page has made before.
    private const string Reader = """
        using Costate;
        using TorchSharp;
        using static TorchSharp.torch;

        internal static class Reader
        {
            internal static NoiseSchedule schedule = NoiseSchedule.VpLinear();
            internal static Denoiser denoiser = Denoiser.FromFunction(net, Prediction.Noise);
            internal static TimeGrid grid = TimeGrid.UniformLogSnr(schedule, 20);
            internal static Sampler sampler = new(denoiser, schedule, Solver.Ddim(), grid);
            internal static Tensor xT = StartNoise.Draw([1, 3], seed: 1), z = StartNoise.Draw([1, 3], seed: 2), other = z, image = xT;

            internal static Tensor net(Tensor x, Tensor t, Tensor? z) => x;

            internal static Tensor loss(Tensor x) => x.square().sum(1);

            internal static Tensor logTarget(Tensor x) => -loss(x);

            internal static Tensor observed = image;
            internal static Measurement measurement =
                Measurement.Observe(LinearOperator.AveragePooling(2), StartNoise.Draw([1, 1, 4, 4], seed: 1));
            internal const int problems = 2;
        }
        """;

    private static readonly string[] Pages =
    [
        "README.md",
        .. Directory.GetFiles(Repository.PathTo("docs"), "*.md").Order().Select(path => Path.Combine("docs", Path.GetFileName(path))),
        .. Directory
            .GetDirectories(Repository.PathTo("src"))
            .Order()
            .Select(path => Path.Combine("src", Path.GetFileName(path), "README.md")),
    ];

    [Fact]
    public void Code_Compiles()
    {
        using var folder = new TemporaryFolder();
        folder.Write("Reader.cs", Reader);
        int blocks = 0;
        foreach (string page in Pages.Where(page => File.Exists(Repository.PathTo(page))))
        {
            foreach (Match block in Blocks().Matches(File.ReadAllText(Repository.PathTo(page)).ReplaceLineEndings("\n")))
            {
                string name = NoLetters().Replace($"{page}_{++blocks}", "_");
                folder.Write($"{name}.cs", Program(name, block.Groups[1].Value));
            }
        }

        Assert.True(blocks >= 8, $"{blocks} blocks");
        foreach ((int i, string code) in StudioCode.All().Index())
        {
            folder.Write($"studio_{i}.cs", Program($"studio_{i}", code));
        }

        CSharpCompiler.Compile(folder.PathTo("Pages.dll"), Directory.GetFiles(folder.FullName, "*.cs"), "-target:library", "-warn:0");
    }

    // A block that has usings has all that it needs; the others have those that a page began with.
    private static string Program(string name, string code)
    {
        string[] lines = code.Split('\n');
        string usings = string.Join('\n', lines.Where(IsUsing));
        return $$"""
            {{(usings.Length > 0 ? usings : "using Costate;\nusing TorchSharp;\nusing static TorchSharp.torch;")}}
            using static Reader;

            internal static class {{name}}
            {
                internal static async Task Run()
                {
                    await Task.CompletedTask;
            {{string.Join('\n', lines.Where(line => !IsUsing(line)))}}
                }
            }
            """;
    }

    private static bool IsUsing(string line) => UsingDirective().IsMatch(line);

    [GeneratedRegex("(?<=^|\n)```csharp\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex("^using [^=()]*;")]
    private static partial Regex UsingDirective();

    [GeneratedRegex("[^A-Za-z0-9]")]
    private static partial Regex NoLetters();
}
