namespace Costate.Networks;

/// <summary>Names of the autoencoder's parameters in the original layout, and in that of diffusers' AutoencoderKL.</summary>
/// <param name="levels">The number of resolutions.</param>
internal sealed class OriginalVae(int levels)
{
    /// <summary>Reads the number of resolutions off the names (without prefix).</summary>
    internal static OriginalVae Of(IEnumerable<string> names) =>
        new(names.Select(name =>
            name.Split('.') is [_, "down" or "up", var text, ..] && int.TryParse(text, out int level) ? level + 1 : 0).DefaultIfEmpty()
                .Max());

    /// <summary>The present name and the change; null for one that the layout does not have.</summary>
    internal (string Name, TensorChange Change)? Rename(string name)
    {
        string? renamed = name.Split('.') switch
        {
            ["quant_conv" or "post_quant_conv", _] => name,
            [var half, "conv_in" or "conv_out", _] => Half(half) is null ? null : name,
            [var half, "norm_out", var last] => $"{Half(half)}.conv_norm_out.{last}",
            [var half, "mid", "block_1", .. var rest] => $"{Half(half)}.mid_block.resnets.0.{Residual(rest)}",
            [var half, "mid", "block_2", .. var rest] => $"{Half(half)}.mid_block.resnets.1.{Residual(rest)}",
            [var half, "mid", "attn_1", var part, var last] => $"{Half(half)}.mid_block.attentions.0.{Attention(part)}.{last}",
            ["encoder", "down", var level, "block", var index, .. var rest] =>
                $"encoder.down_blocks.{level}.resnets.{index}.{Residual(rest)}",
            ["encoder", "down", var level, "downsample", "conv", var last] => $"encoder.down_blocks.{level}.downsamplers.0.conv.{last}",
            ["decoder", "up", var level, "block", var index, .. var rest] when Reversed(level) is { } up =>
                $"decoder.up_blocks.{up}.resnets.{index}.{Residual(rest)}",
            ["decoder", "up", var level, "upsample", "conv", var last] when Reversed(level) is { } up =>
                $"decoder.up_blocks.{up}.upsamplers.0.conv.{last}",
            _ => null,
        };
        return renamed is null ? null
            : (renamed, name.Contains(".attn_1.", StringComparison.Ordinal) ? TensorChange.Flatten : TensorChange.None);
    }

    private static string? Half(string name) => name is "encoder" or "decoder" ? name : null;

    private static string Residual(string[] rest) =>
        string.Join('.', rest).Replace("nin_shortcut", "conv_shortcut", StringComparison.Ordinal);

    private static string Attention(string part) => part switch
    {
        "norm" => "group_norm",
        "q" => "to_q",
        "k" => "to_k",
        "v" => "to_v",
        "proj_out" => "to_out.0",
        _ => part,
    };

    // The original numbers the decoder's levels by resolution, diffusers in the order of the computation.
    private int? Reversed(string level) => int.TryParse(level, out int index) && index < levels ? levels - 1 - index : null;
}
