using System.Text;
using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class ClipTextModelTests
{
    private static readonly ClipTextConfig Tiny = new()
    {
        VocabSize = 30,
        HiddenSize = 8,
        IntermediateSize = 12,
        NumHiddenLayers = 2,
        NumAttentionHeads = 2,
        MaxPositionEmbeddings = 6,
        EosTokenId = 2,
    };

    // Counts of transformers' own networks.
    [Theory]
    [InlineData("clip-l", 123_060_480, 196)]
    [InlineData("clip-l-projection", 123_650_304, 197)]
    [InlineData("openclip-h", 340_387_840, 372)]
    [InlineData("openclip-bigg", 694_659_840, 517)]
    public void FullSize_HasTheParametersOfThePublicNetwork(string name, long parameters, int tensors)
    {
        using var scope = NewDisposeScope();
        ClipTextConfig config = ClipTextConfig.Read(Fixtures.PathTo("configs", $"{name}.json"));
        using var meta = new MetaDevice();
        using var network = new ClipTextModel(config);
        Assert.Equal(tensors, network.named_parameters().Count());
        Assert.Equal(parameters, network.parameters().Sum(p => p.numel()));
    }

    [Theory]
    [InlineData(2, new long[] { 3, 29, 7, 29 }, 1)] // the first of the largest
    [InlineData(7, new long[] { 3, 29, 7, 7 }, 2)] // the first equal one
    [InlineData(8, new long[] { 3, 29, 7, 7 }, 0)] // none: the first of all, as in transformers
    public void Pooled_IsTheStateAtTheEnd(int eos, long[] ids, int place)
    {
        using var scope = NewDisposeScope();
        using ClipTextModel network = Network(Tiny with { EosTokenId = eos });
        ClipTextOutput output = network.call(tensor(ids).unsqueeze(0));
        Near.Equal(output.LastHiddenState[.., place], output.Pooled, 0);
        Assert.Null(output.TextEmbeds);
    }

    [Fact]
    public void LaterTokens_ChangeNothingBefore()
    {
        using var scope = NewDisposeScope();
        using ClipTextModel network = Network(Tiny);
        foreach (AttentionKind kind in Enum.GetValues<AttentionKind>())
        {
            network.Attention = kind;
            Tensor one = network.call(tensor(new long[,] { { 1, 2, 3, 4 }, { 9, 8, 7, 6 } })).LastHiddenState;
            Tensor other = network.call(tensor(new long[,] { { 1, 2, 3, 5 } })).LastHiddenState;
            Near.Equal(one[..1, ..3], other[.., ..3], 1e-14);
            Assert.True(Near.Relative(one[..1, 3..], other[.., 3..]) > 1e-3);
        }
    }

    [Fact]
    public void FilesOfOldAndWholeModels_AreUnderstood()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using ClipTextModel network = Network(Tiny, ScalarType.Float32);
        Dictionary<string, Tensor> tensors = network.state_dict()
            .ToDictionary(pair => pair.Key["text_model.".Length..], pair => pair.Value);
        tensors.Add("embeddings.position_ids", arange(6).unsqueeze(0));
        tensors.Add("vision_model.embeddings.class_embedding", zeros(8));
        tensors.Add("visual_projection.weight", zeros(8, 8));
        tensors.Add("text_projection.weight", zeros(8, 8));
        tensors.Add("logit_scale", zeros(1));
        SafetensorsFile.Write(folder.PathTo("model.safetensors"), tensors);
        File.WriteAllText(folder.PathTo("config.json"), """
            {
              "vocab_size": 30, "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2,
              "max_position_embeddings": 6, "eos_token_id": 2, "top_p": 1.0, "id2label": {"0": "LABEL_0"}
            }
            """);
        using ClipTextModel loaded = ClipTextModel.FromPretrained(folder.FullName);
        Tensor ids = tensor(new long[,] { { 1, 2, 3, 4 } });
        Near.Equal(network.call(ids).LastHiddenState, loaded.call(ids).LastHiddenState, 0);

        tensors.Add("encoder.layers.2.mlp.fc1.bias", zeros(12));
        SafetensorsFile.Write(folder.PathTo("model.safetensors"), tensors);
        string message = Assert.Throws<InvalidDataException>(() => ClipTextModel.FromPretrained(folder.FullName)).Message;
        Assert.Contains("encoder.layers.2.mlp.fc1.bias", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inputs_AreCheckedBeforeNativeCode()
    {
        using var scope = NewDisposeScope();
        using ClipTextModel network = Network(Tiny);
        Assert.Equal([1, 3, 8], network.call(ones(1, 3, dtype: ScalarType.Int32)).LastHiddenState.shape);
        Refuses("[3]", ones(3, dtype: ScalarType.Int64));
        Refuses("7 tokens", ones(1, 7, dtype: ScalarType.Int64));
        Refuses("Float32", ones(1, 3));
        Refuses("token 30", full(1, 3, 30, dtype: ScalarType.Int64));
        Refuses("token -1", full(1, 3, -1, dtype: ScalarType.Int64));

        void Refuses(string text, Tensor ids)
        {
            InputException e = Assert.Throws<InputException>(() => { network.call(ids); });
            Assert.Equal("inputIds", e.ParamName);
            Assert.Contains(text, e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("hidden_act", "\"gelu_new\"")]
    [InlineData("model_type", "\"clip\"")]
    [InlineData("architectures", """["CLIPModel"]""")]
    [InlineData("num_attention_heads", "7")]
    [InlineData("num_hidden_layers", "0")]
    [InlineData("vocab_size", "-1")]
    [InlineData("layer_norm_eps", "\"small\"")]
    [InlineData("eos_token_id", "[2]")]
    public void UnsupportedValue_IsNamed(string option, string value)
    {
        Exception e = Assert.ThrowsAny<Exception>(() =>
        {
            using var scope = NewDisposeScope();
            string json = $$"""{"{{option}}": {{value}}}""";
            using var network = new ClipTextModel(ClipTextConfig.From(JsonOptions.Parse("config.json", Encoding.UTF8.GetBytes(json))));
        });
        Assert.True(e is NotSupportedException or ArgumentException or InvalidDataException, e.ToString());
        Assert.Contains(option, e.Message, StringComparison.Ordinal);
    }

    private static ClipTextModel Network(ClipTextConfig config, ScalarType dtype = ScalarType.Float64)
    {
        ClipTextModel network = RandomParameters.Fill(new ClipTextModel(config));
        network.to(dtype);
        PretrainedNetwork.OwnParameters(network);
        return network;
    }
}
