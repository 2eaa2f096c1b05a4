using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>The network against transformers itself.</summary>
public sealed class ClipTextGoldenTests
{
    // Two float32 implementations of some 30 layers; they differ by the order of their sums. Asked for is 1e-4.
    private const double Float32Tolerance = 1e-5;

    private const string Table = "text_model.embeddings.token_embedding.weight";

    /// <summary>The folders of this kind of network.</summary>
    public static TheoryData<string> Names => GoldenFolders.With("model_type", "clip_text_model", "text-encoders");

    [Theory]
    [MemberData(nameof(Names))]
    public void States_MatchTransformers(string name)
    {
        using var scope = NewDisposeScope();
        using ClipTextModel network = Pretrained(name);
        foreach (AttentionKind kind in Enum.GetValues<AttentionKind>())
        {
            network.Attention = kind;
            Compare(network, GoldenFolders.Expected(name), Float32Tolerance, ScalarType.Float32);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void VjpsOfTheTable_MatchTransformers(string name)
    {
        using var scope = NewDisposeScope();
        using ClipTextModel network = ClipTextModel.FromPretrained(GoldenFolders.PathTo(name), trainable: true);
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        string[] outputs = [.. expected.Keys
            .Where(key => key.StartsWith("cotangent.", StringComparison.Ordinal))
            .Select(key => key["cotangent.".Length..])];
        Assert.NotEmpty(outputs);
        Parameter table = network.get_parameter(Table)!;
        foreach (string output in outputs)
        {
            Tensor value = Named(network.call(expected["input.input_ids"]), output);
            Tensor product = Autograd.Gradients([value], [table], [expected[$"cotangent.{output}"]])[0];
            Near.Equal(expected[$"vjp.{output}.token_embedding"], product, Float32Tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ParameterNames_AreThoseOfTheFile(string name)
    {
        using var scope = NewDisposeScope();
        using ClipTextModel network = Pretrained(name);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(GoldenFolders.PathTo(name), "model.safetensors"));
        IEnumerable<string> names = file.Names.Where(n => !n.EndsWith("position_ids", StringComparison.Ordinal));
        Assert.Equal(names.Order(), network.state_dict().Keys.Order());
    }

    // Eleven bits of a number, and eight, in some 20 layers.
    [Theory]
    [MemberData(nameof(Names))]
    public void HalfPrecision_IsClose(string name)
    {
        using var scope = NewDisposeScope();
        foreach ((ScalarType dtype, double tolerance) in new[] { (ScalarType.Float16, 1e-2), (ScalarType.BFloat16, 5e-2) })
        {
            using ClipTextModel network = ClipTextModel.FromPretrained(GoldenFolders.PathTo(name), dtype: dtype);
            Compare(network, GoldenFolders.Expected(name), tolerance, dtype);
        }
    }

    // The reference values must be able to tell a wrong option from the right one.
    [Theory]
    [MemberData(nameof(Names))]
    public void States_OfAWrongOption_AreFoundOut(string name)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> expected = GoldenFolders.Expected(name);
        ClipTextConfig right = ClipTextConfig.Read(Path.Combine(GoldenFolders.PathTo(name), "config.json"));
        ClipTextConfig[] wrong =
        [
            right with { HiddenAct = right.HiddenAct == "gelu" ? "quick_gelu" : "gelu" },
            right with { NumAttentionHeads = 1 },
            right with { LayerNormEps = 1e-2 },
        ];
        foreach (ClipTextConfig config in wrong)
        {
            using ClipTextModel network = PretrainedNetwork.Load(
                new ClipTextModel(config),
                Path.Combine(GoldenFolders.PathTo(name), "model.safetensors"),
                n => ClipTextModel.CurrentName(n, config.HasProjection),
                null, ScalarType.Float32, trainable: false, null, default);
            Tensor states = network.call(expected["input.input_ids"]).LastHiddenState;
            Assert.True(Near.Relative(expected["last_hidden_state"], states) > 10 * Float32Tolerance, config.ToString());
        }
    }

    private static void Compare(ClipTextModel network, IReadOnlyDictionary<string, Tensor> expected, double tolerance, ScalarType dtype)
    {
        ClipTextOutput output = network.call(expected["input.input_ids"]);
        string[] states = [.. expected.Keys.Where(key => key.StartsWith("hidden_states.", StringComparison.Ordinal))];
        Assert.Equal(states.Length, output.HiddenStates.Count);
        string[] others = ["last_hidden_state", "pooler_output", "text_embeds", "penultimate"];
        foreach (string name in states.Concat(others.Where(expected.ContainsKey)))
        {
            Near.Equal(expected[name].to(dtype), Named(output, name), tolerance);
        }

        Near.Equal(output.LastHiddenState, network.NormalizeLast(output.HiddenStates[^1]), 0);
    }

    private static Tensor Named(ClipTextOutput output, string name) => name switch
    {
        "last_hidden_state" => output.LastHiddenState,
        "pooler_output" => output.Pooled,
        "text_embeds" => output.TextEmbeds!,
        "penultimate" => output.HiddenStates[^2],
        _ => output.HiddenStates[int.Parse(name["hidden_states.".Length..], System.Globalization.CultureInfo.InvariantCulture)],
    };

    private static ClipTextModel Pretrained(string name) => ClipTextModel.FromPretrained(GoldenFolders.PathTo(name));
}
