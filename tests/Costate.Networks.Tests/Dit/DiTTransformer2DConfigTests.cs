using System.Text;

namespace Costate.Networks.Tests;

public sealed class DiTTransformer2DConfigTests
{
    [Theory]
    [InlineData("norm_type", "\"ada_norm_single\"")]
    [InlineData("norm_type", "\"ada_norm\"")]
    [InlineData("activation_fn", "\"gelu\"")]
    [InlineData("attention_bias", "false")]
    [InlineData("norm_elementwise_affine", "true")]
    [InlineData("upcast_attention", "true")]
    [InlineData("only_cross_attention", "true")]
    [InlineData("double_self_attention", "true")]
    [InlineData("cross_attention_dim", "1024")]
    [InlineData("num_layers", "0")]
    [InlineData("num_attention_heads", "0")]
    [InlineData("attention_head_dim", "1.5")]
    [InlineData("in_channels", "-4")]
    [InlineData("out_channels", "0")]
    [InlineData("num_embeds_ada_norm", "0")]
    [InlineData("sample_size", "\"large\"")]
    [InlineData("patch_size", "5")]
    [InlineData("attention_head_dim", "70001")]
    [InlineData("_class_name", "\"PixArtTransformer2DModel\"", "PixArtTransformer2DModel")]
    public void UnsupportedValue_IsNamed(string option, string value, string? named = null)
    {
        Exception e = Assert.ThrowsAny<Exception>(() => Read($$"""{"{{option}}": {{value}}}"""));
        Assert.True(e is NotSupportedException or ArgumentException or InvalidDataException, e.ToString());
        Assert.Contains(named ?? option, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownOptions_AreListed_AndMissingOnesAreTheClassesOwn()
    {
        DiTTransformer2DConfig config = Read(
            """{"_class_name": "Transformer2DModel", "norm_type": "ada_norm_zero", "new_option": 3, "in_channels": 8}""");
        Assert.Equal(["new_option"], config.IgnoredOptions);
        Assert.Equal((28, 32, 8), (config.NumLayers, config.SampleSize, config.OutChannels));
    }

    private static DiTTransformer2DConfig Read(string json)
    {
        DiTTransformer2DConfig config = DiTTransformer2DConfig.From(JsonOptions.Parse("config.json", Encoding.UTF8.GetBytes(json)));
        config.Check();
        return config;
    }
}
