using System.Text;

namespace Costate.Networks.Tests;

public sealed class PixArtTransformer2DConfigTests
{
    [Theory]
    [InlineData("norm_type", "\"ada_norm_zero\"")]
    [InlineData("norm_type", "\"layer_norm\"")]
    [InlineData("activation_fn", "\"geglu\"")]
    [InlineData("attention_bias", "false")]
    [InlineData("attention_type", "\"gated\"")]
    [InlineData("norm_elementwise_affine", "true")]
    [InlineData("upcast_attention", "true")]
    [InlineData("only_cross_attention", "true")]
    [InlineData("double_self_attention", "true")]
    [InlineData("num_layers", "0")]
    [InlineData("num_layers", "2.5")]
    [InlineData("num_attention_heads", "-1")]
    [InlineData("attention_head_dim", "70000")]
    [InlineData("in_channels", "\"four\"")]
    [InlineData("out_channels", "0")]
    [InlineData("cross_attention_dim", "0")]
    [InlineData("caption_channels", "0")]
    [InlineData("interpolation_scale", "-2")]
    [InlineData("use_additional_conditions", "1")]
    [InlineData("sample_size", "0")]
    [InlineData("patch_size", "3")]
    [InlineData("attention_head_dim", "73")]
    [InlineData("_class_name", "\"DiTTransformer2DModel\"", "DiTTransformer2DModel")]
    public void UnsupportedValue_IsNamed(string option, string value, string? named = null)
    {
        Exception e = Assert.ThrowsAny<Exception>(() => Read($$"""{"{{option}}": {{value}}}"""));
        Assert.True(e is NotSupportedException or ArgumentException or InvalidDataException, e.ToString());
        Assert.Contains(named ?? option, e.Message, StringComparison.Ordinal);
    }

    // What diffusers ignores, or means by a key that is missing.
    [Fact]
    public void UnknownOptions_AreListed_AndMissingOnesAreTheClassesOwn()
    {
        PixArtTransformer2DConfig config = Read(
            """{"_class_name": "Transformer2DModel", "norm_type": "ada_norm_single", "new_option": 3, "out_channels": null}""");
        Assert.Equal(["new_option"], config.IgnoredOptions);
        Assert.Equal((28, 128, 4), (config.NumLayers, config.SampleSize, config.OutChannels));
        Assert.True(config.HasSizes);
        Assert.False(Read("""{"sample_size": 64}""").HasSizes);
    }

    private static PixArtTransformer2DConfig Read(string json)
    {
        PixArtTransformer2DConfig config = PixArtTransformer2DConfig.From(JsonOptions.Parse("config.json", Encoding.UTF8.GetBytes(json)));
        config.Check();
        return config;
    }
}
