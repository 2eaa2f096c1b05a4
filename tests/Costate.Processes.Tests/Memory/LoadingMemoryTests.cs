using System.Globalization;
using System.Text.Json;
using Costate.Testing;

namespace Costate.Processes.Tests.Memory;

/// <summary>Resident memory of loading, in processes of their own.</summary>
[LongProof]
public sealed class LoadingMemoryTests
{
    // What the collector and the compiler of .NET take meanwhile: 2 to 13 MiB were seen.
    private const long Runtime = 16 << 20;

    // Networks that are made in 32 bits before they become 16 take three times their size.
    [Theory]
    [InlineData("UNet2DModel", 64, 16)]
    [InlineData("UNet2DModel", 64, 32)]
    [InlineData("DiffusionAutoencoder", 64, 32)]
    [InlineData("AutoencoderKL", 64, 32)]
    [InlineData("ClipTextModel", 256, 32)]
    public void LoadingIn16Bits_TakesTheNetworkAndItsLargestTensor(string network, int width, int bits)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Resident memory is read from /proc.");
        string program = Path.Combine(AppContext.BaseDirectory, "Costate.Benchmarks.dll");
        (int exitCode, string output) = Dotnet.Run(
            AppContext.BaseDirectory,
            TimeSpan.FromMinutes(5),
            [program, "child", "LoadingGrowth", network, $"{width}", bits.ToString(CultureInfo.InvariantCulture)]);
        Assert.True(exitCode == 0, output);
        long[] bytes = JsonSerializer.Deserialize<long[]>(output)!;
        Assert.InRange(bytes[0], 0, bytes[1] + bytes[2] + Runtime);
    }
}
