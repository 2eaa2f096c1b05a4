using System.Runtime.InteropServices;
using Costate.Benchmarks.Memory;
using Costate.Benchmarks.Overhead;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.StableDiffusion;

/// <summary>What loading takes, measured by a child process of itself.</summary>
internal static class LoadingMeasurement
{
    private const int Chunk = 8 << 20;
    private const int Turns = 3;

    /// <summary>
    /// Loads a network in 16 bits from a file of 16 or 32: by how much that raises the peak, the network's bytes, and those of the
    /// largest tensor in the file.
    /// </summary>
    /// <param name="kind">The name of its class.</param>
    /// <param name="width">Channels of its first level, or the width of its states.</param>
    /// <param name="bits">Those of a number in the file.</param>
    internal static long[] LoadingGrowth(string kind, int width, int bits)
    {
        set_num_threads(1);
        using DisposeScope scope = NewDisposeScope();
        string folder = Directory.CreateTempSubdirectory("costate-loading-").FullName;
        try
        {
            // The first loading brings the code into being.
            LoadableNetwork network = LoadableNetwork.Named(kind);
            network.Write(folder, 32, ScalarType.Float32);
            network.Load(folder, ScalarType.Float16).Dispose();
            network.Write(folder, width, bits == 16 ? ScalarType.Float16 : ScalarType.Float32);
            MemoryMeasurement.Collect();
            ResidentMemory.ResetPeak();
            long before = ResidentMemory.CurrentBytes;
            using nn.Module loaded = network.Load(folder, ScalarType.Float16);
            long growth = ResidentMemory.PeakBytes - before;
            return
            [
                growth,
                loaded.parameters().Sum(p => p.numel() * p.element_size()),
                loaded.parameters().Max(p => p.numel()) * bits / 8,
            ];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The time of loading a pipeline beside that of copying its files of weights into fresh memory.</summary>
    internal static InterleavedRatio LoadingTime(string folder)
    {
        set_num_threads(1);
        string[] files = [.. StableDiffusionFolder.Weights(folder)];
        return InterleavedRatio.MeasureTurns(() => DiffusionPipeline.FromPretrained(folder).Dispose(), () => Copy(files), Turns);
    }

    private static unsafe void Copy(string[] files)
    {
        foreach (string file in files)
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            long length = stream.Length;
            byte* memory = (byte*)NativeMemory.Alloc((nuint)length);
            for (long position = 0; position < length;)
            {
                position += stream.Read(new Span<byte>(memory + position, (int)Math.Min(Chunk, length - position)));
            }

            NativeMemory.Free(memory);
        }
    }
}
