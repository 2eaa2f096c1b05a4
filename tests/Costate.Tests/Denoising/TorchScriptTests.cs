using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Tests;

public sealed class TorchScriptTests
{
    private static readonly string Path = Fixtures.PathTo("torchscript", "denoiser.ts.pt");

    // The network of the tests has convolutions of three channels.
    public TorchScriptTests() => Assert.True(CpuLibraries.Prepare().ConvolutionsAreRight);

    [Fact]
    public void Gradient_ThroughATracedNetwork_EqualsUnrolled()
    {
        using var scope = NewDisposeScope();
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var sampler = new Sampler(
            Denoiser.FromTorchScript(Path, Prediction.Noise),
            schedule,
            Solver.DpmSolverPlusPlus(2),
            TimeGrid.UniformLogSnr(schedule, 5));
        Tensor start = StartNoise.Draw([2, 3, 8, 8], 1);
        Tensor z = StartNoise.Draw([2, 5], 2);
        SampleGradient expected = sampler.Gradient(start, z, x => x.square().sum([1, 2, 3]), GradientMethod.Unrolled());
        SampleGradient actual = sampler.Gradient(start, z, x => x.square().sum([1, 2, 3]));

        // 32 bits.
        Near.Equal(expected.StartNoise, actual.StartNoise, 1e-5);
        Near.Equal(expected.Condition!, actual.Condition!, 1e-5);
        Assert.Empty(actual.Parameters);
    }

    [Fact]
    public void FromTorchScript_RefusesWhatIsNone()
    {
        Assert.Throws<FileNotFoundException>(() => Denoiser.FromTorchScript("no-such-file.pt", Prediction.Noise));
        string message = Assert
            .Throws<InvalidDataException>(() => Denoiser.FromTorchScript(Fixtures.PathTo("mixture.json"), Prediction.Noise))
            .Message;
        Assert.Contains("torch.jit.save", message, StringComparison.Ordinal);

        using var folder = new TemporaryFolder();
        string truncated = folder.PathTo("truncated.pt");
        File.WriteAllBytes(truncated, File.ReadAllBytes(Path)[..^200]);
        Assert.Throws<InvalidDataException>(() => Denoiser.FromTorchScript(truncated, Prediction.Noise));
    }

    [Fact]
    public void FromTorchScript_RefusesADamagedArchive()
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = File.ReadAllBytes(Path);
        var random = new Random(1);
        for (int i = 0; i < 40; i++)
        {
            byte[] damaged = [.. bytes];
            for (int k = 0; k < 4; k++)
            {
                damaged[random.Next(damaged.Length)] ^= (byte)random.Next(1, 256);
            }

            string path = folder.PathTo($"{i}.pt");
            File.WriteAllBytes(path, damaged);
            try
            {
                Denoiser.FromTorchScript(path, Prediction.Noise);
            }
            catch (InvalidDataException)
            {
                // Either it loads or it is refused; nothing else.
            }
        }
    }
}
