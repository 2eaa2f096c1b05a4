using System.Text.Json;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Tensors of 64 bits from JSON, and how near they are.</summary>
internal static class GoldenNumbers
{
    /// <summary>Nested lists of numbers as a tensor of their shape.</summary>
    public static Tensor Numbers(this JsonElement json, string name)
    {
        List<long> shape = [];
        for (JsonElement at = json.GetProperty(name); at.ValueKind == JsonValueKind.Array; at = at[0])
        {
            shape.Add(at.GetArrayLength());
        }

        List<double> values = [];
        Collect(json.GetProperty(name));
        return tensor([.. values], [.. shape]);

        void Collect(JsonElement at)
        {
            if (at.ValueKind == JsonValueKind.Array)
            {
                foreach (JsonElement each in at.EnumerateArray())
                {
                    Collect(each);
                }
            }
            else
            {
                values.Add(at.GetDouble());
            }
        }
    }

    public static double Number(this JsonElement json, string name) => json.GetProperty(name).GetDouble();

    /// <summary>Largest difference, relative to the largest value where that is more than 1.</summary>
    public static void AreWithin(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        double scale = Math.Max(1, expected.abs().max().to(ScalarType.Float64).item<double>());
        Assert.InRange((actual - expected).abs().max().to(ScalarType.Float64).item<double>() / scale, 0, tolerance);
    }
}
