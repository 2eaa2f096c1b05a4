namespace Costate.Networks.Tests;

/// <summary>The renaming of original files at the sizes of the published models, whose numbers of tensors are known.</summary>
public sealed class OriginalNameTests
{
    [Theory]
    [InlineData(4, "1 1 1 0", 1, false, 686)] // SD 1 and 2
    [InlineData(3, "0 2 10", 10, true, 1680)] // SDXL
    [InlineData(4, "0 4 4 0", 4, true, 1220)] // its refiner
    public void Unet_EveryTensorHasOnePlace(int levels, string depths, int middle, bool sizes, int tensors)
    {
        int[] depth = [.. depths.Split(' ').Select(int.Parse)];
        (string Old, string New)[] names = [.. Unet(levels, depth, middle, sizes)];

        OriginalUnet layout = OriginalUnet.Of(names.Select(name => name.Old));

        Assert.Equal(tensors, names.Length);
        Assert.Equal(tensors, names.Select(name => name.Old).Distinct().Count());
        Assert.Equal(names.Select(name => name.New), names.Select(name => layout.Rename(name.Old)));
    }

    [Fact]
    public void Vae_EveryTensorHasOnePlace()
    {
        (string Old, string New)[] names = [.. Vae(4)];
        OriginalVae layout = OriginalVae.Of(names.Select(name => name.Old));
        Assert.Equal(248, names.Length);
        Assert.Equal(names.Select(name => name.New), names.Select(name => layout.Rename(name.Old)?.Name));
    }

    [Theory]
    [InlineData(24, 1, false, 372)] // SD 2
    [InlineData(32, 0, true, 517)] // SDXL, second
    public void OpenClip_EveryTensorHasOnePlace(int layers, int skipped, bool projects, int tensors)
    {
        string[] old =
            ["positional_embedding", "token_embedding.weight", "ln_final.weight", "ln_final.bias", "text_projection", "logit_scale",
            .. Enumerable.Range(0, layers).SelectMany(layer => new[]
            {
                "attn.in_proj_weight", "attn.in_proj_bias", "attn.out_proj.weight", "attn.out_proj.bias", "ln_1.weight", "ln_1.bias",
                    "ln_2.weight",
                "ln_2.bias", "mlp.c_fc.weight", "mlp.c_fc.bias", "mlp.c_proj.weight", "mlp.c_proj.bias",
            }.Select(name => $"transformer.resblocks.{layer}.{name}"))];
        OriginalOpenClip layout = OriginalOpenClip.Of(old, skipped, projects);
        string[] renamed = [.. old.SelectMany(name => layout.Rename(name)!).Select(part => part.Name)];
        Assert.Equal(tensors, renamed.Length);
        Assert.Equal(tensors, renamed.Distinct().Count());
        Assert.DoesNotContain(renamed, name => name.Contains($"layers.{layers - skipped}.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("input_blocks.1.3.weight")]
    [InlineData("input_blocks.x.0.weight")]
    [InlineData("output_blocks")]
    [InlineData("")]
    public void UnknownNames_HaveNone(string name) => Assert.Null(new OriginalUnet(3).Rename(name));

    private static IEnumerable<(string Old, string New)> Unet(int levels, int[] depth, int middle, bool sizes)
    {
        const int Layers = 2;
        List<(string, string)> names =
            [.. Both("input_blocks.0.0", "conv_in"), .. Both("out.0", "conv_norm_out"), .. Both("out.2", "conv_out")];
        names.AddRange([.. Both("time_embed.0", "time_embedding.linear_1"), .. Both("time_embed.2", "time_embedding.linear_2")]);
        if (sizes)
        {
            names.AddRange([.. Both("label_emb.0.0", "add_embedding.linear_1"), .. Both("label_emb.0.2", "add_embedding.linear_2")]);
        }

        int block = 1;
        for (int level = 0; level < levels; level++)
        {
            for (int i = 0; i < Layers; i++, block++)
            {
                // Channels change where a level begins, but for the first.
                names.AddRange(
                    Residual($"input_blocks.{block}.0", $"down_blocks.{level}.resnets.{i}",
                        i == 0 && level > 0 && (levels < 4 || level < 3)));
                names.AddRange(Transformer($"input_blocks.{block}.1", $"down_blocks.{level}.attentions.{i}", depth[level]));
            }

            if (level < levels - 1)
            {
                names.AddRange(Both($"input_blocks.{block++}.0.op", $"down_blocks.{level}.downsamplers.0.conv"));
            }
        }

        names.AddRange(Residual("middle_block.0", "mid_block.resnets.0", false));
        names.AddRange(Transformer("middle_block.1", "mid_block.attentions.0", middle));
        names.AddRange(Residual("middle_block.2", "mid_block.resnets.1", false));
        block = 0;
        for (int up = 0; up < levels; up++)
        {
            int level = levels - 1 - up;
            for (int i = 0; i <= Layers; i++, block++)
            {
                names.AddRange(Residual($"output_blocks.{block}.0", $"up_blocks.{up}.resnets.{i}", true));
                names.AddRange(Transformer($"output_blocks.{block}.1", $"up_blocks.{up}.attentions.{i}", depth[level]));
            }

            if (up < levels - 1)
            {
                names.AddRange(Both($"output_blocks.{block - 1}.{(depth[level] > 0 ? 2 : 1)}.conv", $"up_blocks.{up}.upsamplers.0.conv"));
            }
        }

        return names;
    }

    private static IEnumerable<(string Old, string New)> Residual(string old, string present, bool shortcut) =>
    [
        .. Both($"{old}.in_layers.0", $"{present}.norm1"), .. Both($"{old}.in_layers.2", $"{present}.conv1"),
        .. Both($"{old}.emb_layers.1", $"{present}.time_emb_proj"), .. Both($"{old}.out_layers.0", $"{present}.norm2"),
        .. Both($"{old}.out_layers.3", $"{present}.conv2"), .. shortcut ? Both($"{old}.skip_connection", $"{present}.conv_shortcut") : [],
    ];

    private static IEnumerable<(string Old, string New)> Transformer(string old, string present, int depth)
    {
        if (depth == 0)
        {
            return [];
        }

        string[] attention = ["to_q.weight", "to_k.weight", "to_v.weight", "to_out.0.weight", "to_out.0.bias"];
        string[] block =
        [
            .. attention.Select(name => $"attn1.{name}"), .. attention.Select(name => $"attn2.{name}"), "ff.net.0.proj.weight",
                "ff.net.0.proj.bias",
            "ff.net.2.weight", "ff.net.2.bias", .. Enumerable.Range(1, 3).SelectMany(i => new[] { $"norm{i}.weight", $"norm{i}.bias" }),
        ];
        string[] names =
        [
            "norm.weight", "norm.bias", "proj_in.weight", "proj_in.bias", "proj_out.weight", "proj_out.bias",
            .. Enumerable.Range(0, depth).SelectMany(i => block.Select(name => $"transformer_blocks.{i}.{name}")),
        ];
        return names.Select(name => ($"{old}.{name}", $"{present}.{name}"));
    }

    private static IEnumerable<(string Old, string New)> Vae(int levels)
    {
        List<(string, string)> names = [.. Both("quant_conv", "quant_conv"), .. Both("post_quant_conv", "post_quant_conv")];
        foreach (string half in new[] { "encoder", "decoder" })
        {
            names.AddRange(
                [.. Both($"{half}.conv_in", $"{half}.conv_in"), .. Both($"{half}.conv_out", $"{half}.conv_out"),
                    .. Both($"{half}.norm_out", $"{half}.conv_norm_out")]);
            names.AddRange(
                [.. Block($"{half}.mid.block_1", $"{half}.mid_block.resnets.0", false),
                    .. Block($"{half}.mid.block_2", $"{half}.mid_block.resnets.1", false)]);
            foreach ((string old, string present) in new[] { ("norm", "group_norm"), ("q", "to_q"), ("k", "to_k"), ("v", "to_v"),
                ("proj_out", "to_out.0") })
            {
                names.AddRange(Both($"{half}.mid.attn_1.{old}", $"{half}.mid_block.attentions.0.{present}"));
            }
        }

        for (int level = 0; level < levels; level++)
        {
            int up = levels - 1 - level;
            for (int i = 0; i < 2; i++)
            {
                // 128, 256, 512, 512 channels.
                names.AddRange(
                    Block($"encoder.down.{level}.block.{i}", $"encoder.down_blocks.{level}.resnets.{i}",
                        i == 0 && level is 1 or 2 && i == 0));
            }

            for (int i = 0; i < 3; i++)
            {
                names.AddRange(
                    Block($"decoder.up.{level}.block.{i}", $"decoder.up_blocks.{up}.resnets.{i}", i == 0 && level is 0 or 1 && i == 0));
            }

            names.AddRange(level < levels - 1
                ? Both($"encoder.down.{level}.downsample.conv", $"encoder.down_blocks.{level}.downsamplers.0.conv") : []);
            names.AddRange(level > 0 ? Both($"decoder.up.{level}.upsample.conv", $"decoder.up_blocks.{up}.upsamplers.0.conv") : []);
        }

        return names;
    }

    private static IEnumerable<(string Old, string New)> Block(string old, string present, bool shortcut) =>
    [
        .. Both($"{old}.norm1", $"{present}.norm1"), .. Both($"{old}.conv1", $"{present}.conv1"),
            .. Both($"{old}.norm2", $"{present}.norm2"),
        .. Both($"{old}.conv2", $"{present}.conv2"), .. shortcut ? Both($"{old}.nin_shortcut", $"{present}.conv_shortcut") : [],
    ];

    private static (string Old, string New)[] Both(string old, string present) =>
        [($"{old}.weight", $"{present}.weight"), ($"{old}.bias", $"{present}.bias")];
}
