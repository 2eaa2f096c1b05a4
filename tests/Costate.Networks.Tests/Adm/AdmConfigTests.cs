using System.Text;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class AdmConfigTests
{
    // What public files hold: 256x256_diffusion_uncond.pt has 2,211,383,297 bytes, four for each of these numbers and 127 KB of names
    // beside;
    // with classes the paper has 554 million, which is 1000 x 1024 more.
    [Fact]
    public void PublishedNetworks_HaveTheirParameters()
    {
        using var scope = NewDisposeScope();
        using var meta = new MetaDevice();
        Assert.Equal(552_814_086, Count(AdmConfig.ImageNet256));
        Assert.Equal(553_838_086, Count(AdmConfig.ImageNet256 with { NumClasses = 1000 }));
        Assert.Equal(93_563_910, Count(AdmConfig.Ffhq256));

        static long Count(AdmConfig config)
        {
            using var network = new AdmUNetModel(config);
            return network.parameters().Sum(p => p.numel());
        }
    }

    // The flags as guided-diffusion's and DPS's documentation give them.
    [Fact]
    public void PublishedNetworks_AreThoseOfTheirFlags()
    {
        Same(AdmConfig.ImageNet256, """
            {"image_size": 256, "num_channels": 256, "num_res_blocks": 2, "attention_resolutions": "32,16,8", "num_heads": 4,
            "num_head_channels": 64, "learn_sigma": true, "class_cond": false, "resblock_updown": true, "use_scale_shift_norm": true}
            """);
        Same(AdmConfig.Ffhq256, """
            {"image_size": 256, "num_channels": 128, "num_res_blocks": 1, "channel_mult": "", "learn_sigma": true, "class_cond": false,
            "attention_resolutions": 16, "num_heads": 4, "num_head_channels": 64, "num_heads_upsample": -1, "use_scale_shift_norm": true,
            "dropout": 0.0, "resblock_updown": true, "use_fp16": false, "use_new_attention_order": false}
            """);

        static void Same(AdmConfig expected, string flags)
        {
            AdmConfig read = Read(flags);
            Assert.Equal(expected.AttentionResolutions.Order(), read.AttentionResolutions.Order());
            Assert.Equal(expected.ChannelMult, read.ChannelMult);
            Assert.Equal(expected, read with
            {
                AttentionResolutions = expected.AttentionResolutions,
                ChannelMult = expected.ChannelMult,
                IgnoredOptions = expected.IgnoredOptions,
            });
        }
    }

    [Theory]
    [InlineData("dims", "3")]
    [InlineData("image_size", "0")]
    [InlineData("image_size", "\"large\"")]
    [InlineData("num_channels", "100", "model_channels")]
    [InlineData("num_channels", "0", "model_channels")]
    [InlineData("in_channels", "0")]
    [InlineData("out_channels", "-3")]
    [InlineData("num_res_blocks", "0")]
    [InlineData("attention_resolutions", "\"16,x\"")]
    [InlineData("attention_resolutions", "\"7\"")]
    [InlineData("channel_mult", "\"1,-2\"")]
    [InlineData("num_classes", "0")]
    [InlineData("num_heads", "0")]
    [InlineData("num_heads", "3")]
    [InlineData("num_head_channels", "0")]
    [InlineData("num_head_channels", "48")]
    [InlineData("num_heads_upsample", "0")]
    [InlineData("dropout", "1.5")]
    [InlineData("pool", "\"spatial\"")]
    [InlineData("use_scale_shift_norm", "\"yes\"")]
    public void UnsupportedValue_IsNamed(string option, string value, string? named = null)
    {
        Exception e = Assert.ThrowsAny<Exception>(() => Read($$"""{"{{option}}": {{value}}}"""));
        Assert.True(e is NotSupportedException or ArgumentException or InvalidDataException, e.ToString());
        Assert.Contains(named ?? option, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownOptions_AreListed() => Assert.Equal(["new_option"], Read("""{"new_option": 3}""").IgnoredOptions);

    [Fact]
    public void OtherChannelsThanNoise_AreNoDenoisers()
    {
        using var scope = NewDisposeScope();
        using var network = new AdmUNetModel(new AdmConfig
        {
            ImageSize = 8,
            ModelChannels = 32,
            OutChannels = 2,
            NumResBlocks = 1,
            AttentionResolutions = [],
            ChannelMult = [1],
        });
        Assert.Contains("out_channels 2", Assert.Throws<NotSupportedException>(() => network.ToDenoiser()).Message);
    }

    private static AdmConfig Read(string json)
    {
        AdmConfig config = AdmConfig.From(JsonOptions.Parse("flags.json", Encoding.UTF8.GetBytes(json)));
        config.Check();
        return config;
    }
}
