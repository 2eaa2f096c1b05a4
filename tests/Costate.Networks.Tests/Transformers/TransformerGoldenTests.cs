using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>Networks against diffusers itself, whatever folders are there.</summary>
public sealed class TransformerGoldenTests
{
    // A run in float64 differs from diffusers' in float32 by at most 4e-6 of the largest value (measured); asked for are 2e-5 and 1e-4.
    private const double InDouble = 1e-5;
    private const double InSingle = 2e-5;

    public static TheoryData<string> Names => [.. GoldenTransformer.Classes
        .SelectMany(name => GoldenFolders.With("_class_name", name, "transformers"))];

    [Theory]
    [MemberData(nameof(Names))]
    public void OutputAndVjps_MatchDiffusers(string name)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        string[] inputs = [.. expected.Keys.Where(key => key.StartsWith("vjp.", StringComparison.Ordinal)).Select(key => key[4..])];
        foreach ((ScalarType dtype, AttentionKind kind, bool recomputes) in new[]
        {
            (ScalarType.Float64, AttentionKind.Fused, false), (ScalarType.Float32, AttentionKind.Products, false),
            (ScalarType.Float32, AttentionKind.Fused, true),
        })
        {
            using GoldenTransformer network = GoldenTransformer.Open(name, dtype);
            network.Set(kind, recomputes);
            double tolerance = dtype == ScalarType.Float64 ? InDouble : InSingle;
            (Tensor output, Tensor[] products) = Vjp.Take(
                values => network.Call(expected, inputs.Zip(values).ToDictionary()),
                expected["cotangent"].to(dtype),
                [.. inputs.Select(input => expected[$"input.{input}"].to(dtype))]);
            Near.Equal(expected["output"].to(dtype), output, tolerance);
            foreach ((string input, Tensor product) in inputs.Zip(products))
            {
                Near.Equal(expected[$"vjp.{input}"].to(dtype), product, tolerance);
            }
        }
    }

    // Eleven bits of a number, and eight, in some ten layers.
    [Theory]
    [MemberData(nameof(Names))]
    public void HalfPrecision_IsClose(string name)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        foreach ((ScalarType dtype, double tolerance) in new[] { (ScalarType.Float16, 2e-2), (ScalarType.BFloat16, 1e-1) })
        {
            using GoldenTransformer network = GoldenTransformer.Open(name, dtype);
            Near.Equal(expected["output"].to(dtype), network.Call(expected, new Dictionary<string, Tensor>()), tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ParameterNames_AreThoseOfTheFile(string name)
    {
        using var scope = NewDisposeScope();
        using GoldenTransformer network = GoldenTransformer.Open(name, ScalarType.Float32);
        using WeightSource weights = WeightSource.Open(GoldenFolders.PathTo(name));
        Assert.Equal(weights.Names.Order(StringComparer.Ordinal), network.Module.state_dict().Keys.Order(StringComparer.Ordinal));
        Assert.Empty(network.IgnoredOptions);
    }

    // The reference values must be able to tell a wrong option from the right one.
    [Theory]
    [MemberData(nameof(Names))]
    public void OutputOfAWrongOption_IsFoundOut(string name)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        foreach ((string change, GoldenTransformer network) in GoldenTransformer.Wrong(name))
        {
            using (network)
            {
                Tensor output = network.Call(expected, new Dictionary<string, Tensor>());
                Assert.True(Near.Relative(expected["output"], output) > 10 * InSingle, change);
            }
        }
    }
}
