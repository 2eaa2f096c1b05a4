using Costate.Testing;

namespace Costate.Processes.Tests.Samples;

/// <summary>Runs the sample for a published model on the small ones of tests/goldens/pipelines.</summary>
[LongProof]
public sealed class StableDiffusionSampleGoldenTests
{
    public static TheoryData<string> Folders => [.. Directory.GetDirectories(Goldens.PathTo("pipelines"))
        .Where(folder => File.ReadAllText(Path.Combine(folder, "model_index.json"))
            .Contains("\"StableDiffusionPipeline\"", StringComparison.Ordinal))
        .Select(folder => Path.GetFileName(folder))
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Sample_EditsAPictureAndTakesAGradient(string folder)
    {
        using var output = new TemporaryFolder();
        string picture = output.PathTo("edited.ppm");
        string text = SampleProgram.Run("stable_diffusion.cs", Goldens.PathTo("pipelines", folder), picture);
        Assert.Equal(0, SampleProgramTests.Number(text, @"the same text: largest difference (\S+)"));
        Assert.True(SampleProgramTests.Number(text, @"another text: largest difference (\S+)") > 0, text);
        Assert.True(SampleProgramTests.Number(text, @"\|dL/dx_T\| ([^,\s]+)") > 0, text);
        Assert.True(SampleProgramTests.Number(text, @"\|dL/dtext\| ([^,\s]+)") > 0, text);
        Assert.StartsWith("P6", File.ReadAllText(picture), StringComparison.Ordinal);
    }
}
