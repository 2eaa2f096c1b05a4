using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class PickleFuzzGoldenTests : IDisposable
{
    private const int Cases = 2000;
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void DamagedFiles_AreReadOrRefused()
    {
        byte[][] valid = [.. Directory.GetFiles(Goldens.PathTo("checkpoints", "pickles"))
            .Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal)).Order(StringComparer.Ordinal)
                .Select(File.ReadAllBytes)];
        var random = new Random(20260102);
        string path = folder.PathTo("a.pt");
        int read = 0;
        int refused = 0;
        for (int i = 0; i < Cases; i++)
        {
            byte[] file = PickleMutation.Of(valid[i % valid.Length], random);
            File.WriteAllBytes(path, file);
            long before = GC.GetAllocatedBytesForCurrentThread();
            long tensors = 0;
            try
            {
                using WeightSource source = WeightSource.Open(path);
                foreach (string name in source.Names)
                {
                    using var scope = NewDisposeScope();
                    tensors += source.Info(name).ByteCount;
                    if (source.Info(name).Dtype is not null)
                    {
                        source.Read(name);
                    }
                }

                read++;
            }
            catch (Exception e) when (e is InvalidDataException or IOException)
            {
                refused++;
            }
            catch (Exception e)
            {
                Assert.Fail($"Case {i}: {e}\n{Convert.ToHexString(file)}");
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before + tensors, 0, (64L << 20) + (2L * file.Length));
        }

        // Both must be frequent, or the damage was too much or too little to reach the checks.
        Assert.InRange(read, Cases / 20, Cases);
        Assert.InRange(refused, Cases / 3, Cases);
    }
}
