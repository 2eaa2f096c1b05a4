using System.Text.Json;
using Costate.Faces.Models;
using Costate.Testing;

namespace Costate.Cli.Tests.Commands.Morph;

/// <summary>What the first picture of the README shows must be so: with the weights that come with the tool.</summary>
public sealed class ExampleFacesTests
{
    private const int Iterations = 2;

    [Fact]
    public void Blend_IsRefused_AndTheLossFallsFromTheStart()
    {
        using var folder = new TemporaryFolder();
        ToolRun run = Tool.Run(
            ["morph", "--iterations", $"{Iterations}", "--json", "--output", folder.FullName],
            morphModel: weights => FaceModel.Embedded(weights));
        Assert.True(run.ExitCode == 0, run.Error);
        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        JsonElement blend = report.GetProperty("blend");
        Assert.DoesNotContain(blend.GetProperty("recognisers").EnumerateArray(), r => r.GetProperty("accepted").GetBoolean());
        double[] losses = [.. report.GetProperty("losses").EnumerateArray().Select(l => l.GetDouble())];
        Assert.Equal(Iterations + 1, losses.Length);
        Assert.Equal(losses.OrderDescending(), losses);
        Assert.True(losses[^1] < 0.9 * losses[0], string.Join(' ', losses));
    }
}
