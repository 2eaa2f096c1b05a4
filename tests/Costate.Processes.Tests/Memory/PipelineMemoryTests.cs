using System.Text.Json;
using Costate.Testing;

namespace Costate.Processes.Tests.Memory;

/// <summary>What costate model tells of the memory of samples and gradients, beside what they take in a process of their own.</summary>
[LongProof]
public sealed class PipelineMemoryTests
{
    // Stable Diffusion's layout with an eighth of its channels; of the whole see docs/models.md.
    [Theory]
    [InlineData(8, 256)]
    public void Estimate_IsNearWhatIsMeasured(int narrower, int pixels)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Resident memory is read from /proc.");
        string program = Path.Combine(AppContext.BaseDirectory, "Costate.Benchmarks.dll");
        (int exitCode, string output) = Dotnet.Run(
            AppContext.BaseDirectory,
            TimeSpan.FromMinutes(5),
            [program, "child", "EstimatedMemory", $"{narrower}", $"{pixels}"]);
        Assert.True(exitCode == 0, output);
        double[] bytes = JsonSerializer.Deserialize<double[]>(output)!;

        // What the allocator, the collector and torch's own buffers add or save.
        Assert.InRange(bytes[0] / bytes[1], 0.7, 1.4);
        Assert.InRange(bytes[2] / bytes[3], 0.7, 1.4);

        // A control: a gradient takes far more than a sample.
        Assert.True(bytes[2] > 1.5 * bytes[0]);
    }
}
