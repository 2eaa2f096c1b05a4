using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.StableDiffusion;

/// <summary>Files of random weights for networks of any size, made without memory for the network.</summary>
internal static class RandomWeights
{
    // Small enough that neither a sum over ten thousand channels nor a dozen residual blocks reach the ends of 16 bits.
    private const double Deviation = 0.02;

    /// <summary>Writes a file with the parameters of a network: normalisations are the identity, the others are random.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">Makes the network; its parameters get no memory.</param>
    /// <param name="dtype">What they are stored in.</param>
    internal static void Write(string path, Func<nn.Module> network, ScalarType dtype)
    {
        using DisposeScope scope = NewDisposeScope();
        Device before = get_default_device();
        set_default_device(META);
        (string Name, long[] Shape)[] parameters;
        try
        {
            using nn.Module made = network();
            parameters = [.. made.named_parameters().Select(p => (p.name, p.parameter.shape))];
        }
        finally
        {
            set_default_device(before);
        }

        // All are views of the largest: a file of gigabytes costs the memory of one tensor.
        Tensor numbers = StartNoise.Draw([parameters.Max(p => Count(p.Shape))], 1).mul_(Deviation).to(dtype);
        Tensor ones = torch.ones([parameters.Max(p => p.Shape[0])], dtype);
        SafetensorsFile.Write(path, parameters.Select(p => KeyValuePair.Create(
            p.Name,
            (p.Shape.Length == 1 && p.Name.EndsWith("weight", StringComparison.Ordinal) ? ones : numbers)
                .narrow(0, 0, Count(p.Shape)).view(p.Shape))));
    }

    private static long Count(long[] shape) => shape.Aggregate(1L, (product, size) => product * size);
}
