using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>The network against transformers itself.</summary>
public sealed class T5EncoderGoldenTests
{
    // Two float32 implementations, which differ by the order of their sums; a run in float64 is within 4e-6. Asked for is 1e-4.
    private const double Tolerance = 1e-5;

    /// <summary>The folders of this kind of network.</summary>
    public static TheoryData<string> Names => GoldenFolders.With("model_type", "t5", "text-encoders");

    [Theory]
    [MemberData(nameof(Names))]
    public void StatesAndVjpOfTheTable_MatchTransformers(string name)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        Tensor cotangent = expected["cotangent.last_hidden_state"], ids = expected["input.input_ids"];
        foreach (ScalarType dtype in new[] { ScalarType.Float32, ScalarType.Float64 })
        {
            using T5EncoderModel network = T5EncoderModel.FromPretrained(GoldenFolders.PathTo(name), dtype: dtype, trainable: true);
            Parameter table = network.get_parameter("shared.weight")!;
            foreach ((AttentionKind kind, bool recomputes) in
                new[] { (AttentionKind.Fused, false), (AttentionKind.Products, false), (AttentionKind.Fused, true) })
            {
                (network.Attention, network.GradientCheckpointing) = (kind, recomputes);
                Tensor states = network.forward(ids, Mask(expected));
                Near.Equal(expected["last_hidden_state"].to(dtype), states, Tolerance);
                Tensor product = Autograd.Gradients([states], [table], [cotangent.to(dtype)])[0];
                Near.Equal(expected["vjp.last_hidden_state.token_embedding"].to(dtype), product, Tolerance);
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
        foreach ((ScalarType dtype, double tolerance) in new[] { (ScalarType.Float16, 1e-2), (ScalarType.BFloat16, 5e-2) })
        {
            using T5EncoderModel network = T5EncoderModel.FromPretrained(GoldenFolders.PathTo(name), dtype: dtype);
            Tensor states = network.forward(expected["input.input_ids"], Mask(expected));
            Near.Equal(expected["last_hidden_state"].to(dtype), states, tolerance);
        }
    }

    // The reference values must be able to tell a wrong option, or no mask, from the right one.
    [Theory]
    [MemberData(nameof(Names))]
    public void States_OfAWrongOption_AreFoundOut(string name)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        T5EncoderConfig right = T5EncoderConfig.Read(Path.Combine(GoldenFolders.PathTo(name), "config.json"));
        Tensor? mask = Mask(expected);
        foreach (T5EncoderConfig config in new[] { right, right with { RelativeAttentionMaxDistance = 10 } })
        {
            using WeightSource weights = WeightSource.Open(GoldenFolders.PathTo(name));
            using T5EncoderModel network =
                T5EncoderModel.Load(config, weights, null, ScalarType.Float32, trainable: false, null, default);
            double distance = Near.Relative(expected["last_hidden_state"], network.forward(expected["input.input_ids"], mask));
            Assert.Equal(config == right, distance <= Tolerance);
            Assert.Equal(mask is null && config == right, Near.Relative(
                expected["last_hidden_state"], network.call(expected["input.input_ids"])) <= Tolerance);
        }
    }

    private static Tensor? Mask(IReadOnlyDictionary<string, Tensor> expected) => expected.GetValueOrDefault("input.attention_mask");
}
