using System.Text;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class T5EncoderModelTests
{
    private static readonly T5EncoderConfig Tiny = new()
    {
        VocabSize = 20,
        DModel = 6,
        DKv = 4,
        DFf = 10,
        NumLayers = 2,
        NumHeads = 3,
        FeedForwardProj = "gated-gelu",
    };

    // The count of transformers' own network, the table once.
    [Fact]
    public void FullSize_HasTheParametersOfThePublicNetwork()
    {
        using var scope = NewDisposeScope();
        T5EncoderConfig config = T5EncoderConfig.Read(Fixtures.PathTo("configs", "t5-v1_1-xxl.json"));
        using var meta = new MetaDevice();
        using var network = new T5EncoderModel(config);
        Assert.Equal(219, network.named_parameters().Count());
        Assert.Equal(4_762_310_656, network.parameters().Sum(p => p.numel()));
    }

    [Fact]
    public void TableUnderEitherNameOrBoth_IsOne_AndADecoderIsLeftAlone()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using T5EncoderModel network = RandomParameters.Fill(new T5EncoderModel(Tiny));
        Dictionary<string, Tensor> tensors = new(network.state_dict());
        folder.Write("config.json", """
            {
              "model_type": "t5", "vocab_size": 20, "d_model": 6, "d_kv": 4, "d_ff": 10, "num_layers": 2, "num_heads": 3,
              "feed_forward_proj": "gated-gelu", "architectures": ["T5ForConditionalGeneration"], "is_decoder": false
            }
            """);
        tensors.Add("lm_head.weight", zeros(20, 6));
        tensors.Add("decoder.embed_tokens.weight", zeros(20, 6));
        tensors.Add("encoder.embed_tokens.weight", tensors["shared.weight"]);
        Tensor ids = tensor(new long[,] { { 1, 2, 3, 19 } });
        Loads();
        tensors.Remove("shared.weight");
        Loads();
        tensors.Remove("encoder.embed_tokens.weight");
        SafetensorsFile.Write(folder.PathTo("model.safetensors"), tensors);
        Assert.Contains("shared.weight", Assert.Throws<InvalidDataException>(
            () => T5EncoderModel.FromPretrained(folder.FullName)).Message, StringComparison.Ordinal);

        void Loads()
        {
            SafetensorsFile.Write(folder.PathTo("model.safetensors"), tensors);
            using T5EncoderModel loaded = T5EncoderModel.FromPretrained(folder.FullName);
            Near.Equal(network.call(ids), loaded.call(ids), 1e-6);
        }
    }

    // What a mask hides is as if it were not there; the first version has no gate.
    [Theory]
    [InlineData("gated-gelu")]
    [InlineData("relu")]
    public void HiddenTokens_AreNotThere(string feedForward)
    {
        using var scope = NewDisposeScope();
        T5EncoderConfig config = Tiny with { FeedForwardProj = feedForward };
        using T5EncoderModel network = RandomParameters.Fill(new T5EncoderModel(config));
        Tensor ids = tensor(new long[,] { { 4, 5, 6, 0, 0 } }), mask = tensor(new float[,] { { 1, 1, 1, 0, 0 } });
        Near.Equal(network.call(ids[.., ..3]), network.forward(ids, mask)[.., ..3], 1e-6);
        Assert.True(Near.Relative(network.call(ids[.., ..3]), network.call(ids)[.., ..3]) > 1e-3);
        foreach ((string text, Tensor wrong, Tensor? hidden) in new[]
        {
            ("[5]", tensor(new long[] { 4, 5, 6, 0, 0 }), (Tensor?)null),
            ("token 20", full(1, 5, 20, dtype: ScalarType.Int64), null),
            ("Float32", ones(1, 5), null),
            ("[1, 4]", ids, ones(1, 4)),
        })
        {
            Assert.Contains(text, Assert.Throws<InputException>(() => { network.forward(wrong, hidden); }).Message,
                StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("model_type", "\"clip_text_model\"")]
    [InlineData("model_type", "\"umt5\"")]
    [InlineData("architectures", """["CLIPTextModel"]""")]
    [InlineData("feed_forward_proj", "\"gated-silu\"")]
    [InlineData("num_layers", "0")]
    [InlineData("d_model", "\"wide\"")]
    [InlineData("relative_attention_num_buckets", "2")]
    [InlineData("relative_attention_max_distance", "8")]
    public void UnsupportedValue_IsNamed(string option, string value)
    {
        Exception e = Assert.ThrowsAny<Exception>(() =>
        {
            string json = $$"""{"{{option}}": {{value}}}""";
            using var network = new T5EncoderModel(T5EncoderConfig.From(JsonOptions.Parse("config.json", Encoding.UTF8.GetBytes(json))));
        });
        Assert.True(e is NotSupportedException or ArgumentException or InvalidDataException, e.ToString());
        Assert.Contains(option, e.Message, StringComparison.Ordinal);
    }
}
