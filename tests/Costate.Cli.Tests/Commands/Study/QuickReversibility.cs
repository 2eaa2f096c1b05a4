using System.Text.Json;
using Costate.Testing;

namespace Costate.Cli.Tests.Commands.Study;

/// <summary>One run of the quick study, for all tests of what it writes.</summary>
public sealed class QuickReversibility : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Lazy<string> output;

    public QuickReversibility() => output = new(() => Tool.Done(
                "study",
                "reversibility",
                "--quick",
                "--json",
                "--weights",
                TinyWeights.Write(folder.PathTo("weights"), calibrated: false),
                "--output",
                folder.FullName
            ).Output);

    /// <summary>What it printed. The first test that asks runs it: inside the test, as all that computes.</summary>
    public string Output => output.Value;

    public JsonElement Report => JsonDocument.Parse(Output).RootElement;

    public void Dispose() => folder.Dispose();

    public string PathTo(string file) => folder.PathTo(file);
}
