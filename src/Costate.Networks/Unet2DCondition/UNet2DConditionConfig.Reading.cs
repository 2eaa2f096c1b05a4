namespace Costate.Networks;

/// <content>From a file, and the check of what cannot be built.</content>
public sealed partial record UNet2DConditionConfig
{
    internal static UNet2DConditionConfig From(JsonOptions options)
    {
        options.RequireClass(ClassName);
        var otherwise = new UNet2DConditionConfig();
        var config = new UNet2DConditionConfig
        {
            SampleSize = options.Size("sample_size"),
            InChannels = options.Integer("in_channels", otherwise.InChannels),
            OutChannels = options.Integer("out_channels", otherwise.OutChannels),
            CenterInputSample = options.Flag("center_input_sample", otherwise.CenterInputSample),
            FlipSinToCos = options.Flag("flip_sin_to_cos", otherwise.FlipSinToCos),
            FreqShift = options.Number("freq_shift", otherwise.FreqShift),
            DownBlockTypes = options.Texts("down_block_types", otherwise.DownBlockTypes),
            MidBlockType = options.OptionalText("mid_block_type", otherwise.MidBlockType),
            UpBlockTypes = options.Texts("up_block_types", otherwise.UpBlockTypes),
            OnlyCrossAttention = options.FlagOrFlags("only_cross_attention") ?? otherwise.OnlyCrossAttention,
            BlockOutChannels = options.Integers("block_out_channels", otherwise.BlockOutChannels),
            LayersPerBlock = options.IntegerOrIntegers("layers_per_block") ?? otherwise.LayersPerBlock,
            DownsamplePadding = options.Integer("downsample_padding", otherwise.DownsamplePadding),
            MidBlockScaleFactor = options.Number("mid_block_scale_factor", otherwise.MidBlockScaleFactor),
            Dropout = options.Number("dropout", otherwise.Dropout),
            ActFn = options.Text("act_fn", otherwise.ActFn),
            NormNumGroups = options.Integer("norm_num_groups", otherwise.NormNumGroups),
            NormEps = options.Number("norm_eps", otherwise.NormEps),
            CrossAttentionDim = options.IntegerOrIntegers("cross_attention_dim") ?? otherwise.CrossAttentionDim,
            TransformerLayersPerBlock =
                options.IntegerOrIntegers("transformer_layers_per_block") ?? otherwise.TransformerLayersPerBlock,
            AttentionHeadDim = options.IntegerOrIntegers("attention_head_dim") ?? otherwise.AttentionHeadDim,
            UseLinearProjection = options.Flag("use_linear_projection", otherwise.UseLinearProjection),
            AdditionEmbedType = options.OptionalText("addition_embed_type", null),
            AdditionTimeEmbedDim = options.OptionalInteger("addition_time_embed_dim"),
            ProjectionClassEmbeddingsInputDim = options.OptionalInteger("projection_class_embeddings_input_dim"),
            UpcastAttention = options.Flag("upcast_attention", otherwise.UpcastAttention),
            ResnetTimeScaleShift = options.Text("resnet_time_scale_shift", otherwise.ResnetTimeScaleShift),
            TimeEmbeddingDim = options.OptionalInteger("time_embedding_dim"),
        };
        options.RequireOff(
            "dual_cross_attention",
            "class_embed_type", "num_class_embeds", "encoder_hid_dim", "encoder_hid_dim_type", "num_attention_heads",
            "resnet_skip_time_act", "time_embedding_act_fn", "timestep_post_act", "time_cond_proj_dim", "class_embeddings_concat",
            "cross_attention_norm", "reverse_transformer_layers_per_block");
        options.RequireNumber("resnet_out_scale_factor", 1);
        options.RequireNumber("conv_in_kernel", 3);
        options.RequireNumber("conv_out_kernel", 3);
        options.Require("time_embedding_type", "\"positional\"");
        options.Require("attention_type", "\"default\"");

        // Of kinds of blocks and embeddings that are refused by their names, and notes of averaged weights.
        options.Ignore("mid_block_only_cross_attention", "addition_embed_type_num_heads");
        options.IgnoreNotesOfAverages();
        return config with { IgnoredOptions = options.Unread() };
    }

    /// <summary>Refuses what cannot be built.</summary>
    internal void Check()
    {
        int levels = BlockOutChannels.Count;
        Option.Positive("in_channels", InChannels);
        Option.Positive("out_channels", OutChannels);
        Option.Positive("block_out_channels", BlockOutChannels);
        Option.Count("down_block_types", DownBlockTypes.Count, "block_out_channels", levels);
        Option.Count("up_block_types", UpBlockTypes.Count, "block_out_channels", levels);
        Option.Levels("layers_per_block", LayersPerBlock, levels);
        Option.Levels("transformer_layers_per_block", TransformerLayersPerBlock, levels);
        Option.Levels("attention_head_dim", AttentionHeadDim, levels);
        Option.Levels("cross_attention_dim", CrossAttentionDim, levels);
        Option.Positive("time_embedding_dim", TimeChannels);
        Option.Positive("norm_num_groups", NormNumGroups);
        Option.Probability("dropout", Dropout);
        Option.OneOf("mid_block_type", MidBlockType, "UNetMidBlock2DCrossAttn", null);
        Option.OneOf("resnet_time_scale_shift", ResnetTimeScaleShift, "default", "scale_shift");
        Option.OneOf("addition_embed_type", AdditionEmbedType, null, "text_time");
        if (OnlyCrossAttention.Count != 1)
        {
            Option.Count("only_cross_attention", OnlyCrossAttention.Count, "block_out_channels", levels);
        }

        foreach ((string down, string up) in DownBlockTypes.Zip(UpBlockTypes))
        {
            Option.OneOf("down_block_types", down, "DownBlock2D", "CrossAttnDownBlock2D");
            Option.OneOf("up_block_types", up, "UpBlock2D", "CrossAttnUpBlock2D");
        }

        for (int level = 0; level < levels; level++)
        {
            Option.Divides("norm_num_groups", NormNumGroups, "block_out_channels", BlockOutChannels[level]);
            if (HasAttention(level))
            {
                Option.Divides("attention_head_dim", Of(AttentionHeadDim, level), "block_out_channels", BlockOutChannels[level]);
            }
        }

        if (CrossAttentionDim.Any(width => width != CrossAttentionDim[0]))
        {
            throw new NotSupportedException(
                $"Got cross_attention_dim {string.Join(", ", CrossAttentionDim)}, which is not supported; expected one for all levels.");
        }

        if (DownsamplePadding is < 0 or > 1)
        {
            throw new NotSupportedException($"Got downsample_padding {DownsamplePadding}, which is not supported; expected 0 or 1.");
        }

        if (HasAddedConditions)
        {
            CheckAddedConditions();
        }
    }

    private void CheckAddedConditions()
    {
        Option.Positive("addition_time_embed_dim", AdditionTimeEmbedDim ?? 0);
        Option.Positive("projection_class_embeddings_input_dim", ProjectionClassEmbeddingsInputDim ?? 0);
        if (ProjectionClassEmbeddingsInputDim <= AdditionTimeEmbedDim)
        {
            throw new ArgumentException(
                $"Got projection_class_embeddings_input_dim {ProjectionClassEmbeddingsInputDim} and addition_time_embed_dim " +
                $"{AdditionTimeEmbedDim}; expected room for a pooled text and the features of sizes.");
        }
    }

    private bool HasAttention(int level) =>
        DownBlockTypes[level] == "CrossAttnDownBlock2D"
        || UpBlockTypes[^(level + 1)] == "CrossAttnUpBlock2D"
        || (level == BlockOutChannels.Count - 1 && MidBlockType is not null);
}
