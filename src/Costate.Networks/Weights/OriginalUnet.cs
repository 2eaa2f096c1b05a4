namespace Costate.Networks;

/// <summary>Names of the U-Net's parameters in the original layout, and in that of diffusers' UNet2DConditionModel.</summary>
/// <param name="period">The blocks of a level: its residual ones, and one that halves the resolution.</param>
internal sealed class OriginalUnet(int period)
{
    /// <summary>Reads the number of blocks of a level off the names (without prefix).</summary>
    internal static OriginalUnet Of(IEnumerable<string> names)
    {
        int period = int.MaxValue;
        int last = 0;
        foreach (string[] parts in names.Select(name => name.Split('.')))
        {
            if (parts is ["input_blocks", var text, ..] && int.TryParse(text, out int index))
            {
                last = Math.Max(last, index);
                period = parts is [_, _, "0", "op", ..] ? Math.Min(period, index) : period;
            }
        }

        return new OriginalUnet(period == int.MaxValue ? last + 1 : Math.Max(period, 1));
    }

    /// <summary>The present name; null for one that the layout does not have.</summary>
    internal string? Rename(string name) => name.Split('.') switch
    {
        ["time_embed", var layer, var rest] => Linear("time_embedding", layer, rest),
        ["label_emb", "0", var layer, var rest] => Linear("add_embedding", layer, rest),
        ["input_blocks", "0", "0", var rest] => $"conv_in.{rest}",
        ["input_blocks", var index, var item, .. var rest] when int.TryParse(index, out int i) && i > 0 =>
            Down((i - 1) / period, (i - 1) % period, item, rest),
        ["middle_block", "0", .. var rest] => Residual("mid_block.resnets.0", rest),
        ["middle_block", "1", .. var rest] => $"mid_block.attentions.0.{string.Join('.', rest)}",
        ["middle_block", "2", .. var rest] => Residual("mid_block.resnets.1", rest),
        ["output_blocks", var index, var item, .. var rest] when int.TryParse(index, out int i) => Up(i / period, i % period, item, rest),
        ["out", "0", var rest] => $"conv_norm_out.{rest}",
        ["out", "2", var rest] => $"conv_out.{rest}",
        _ => null,
    };

    private static string? Linear(string start, string layer, string rest) => layer switch
    {
        "0" => $"{start}.linear_1.{rest}",
        "2" => $"{start}.linear_2.{rest}",
        _ => null,
    };

    private static string? Down(int level, int index, string item, string[] rest) => (item, rest) switch
    {
        ("0", ["op", var last]) => $"down_blocks.{level}.downsamplers.0.conv.{last}",
        ("0", _) => Residual($"down_blocks.{level}.resnets.{index}", rest),
        ("1", _) => $"down_blocks.{level}.attentions.{index}.{string.Join('.', rest)}",
        _ => null,
    };

    // The upsampler comes after the attention where there is one, so its number says nothing.
    private static string? Up(int level, int index, string item, string[] rest) => (item, rest) switch
    {
        ("1" or "2", ["conv", var last]) => $"up_blocks.{level}.upsamplers.0.conv.{last}",
        ("0", _) => Residual($"up_blocks.{level}.resnets.{index}", rest),
        ("1", _) => $"up_blocks.{level}.attentions.{index}.{string.Join('.', rest)}",
        _ => null,
    };

    private static string? Residual(string start, string[] rest) => rest switch
    {
        ["in_layers", "0", var last] => $"{start}.norm1.{last}",
        ["in_layers", "2", var last] => $"{start}.conv1.{last}",
        ["emb_layers", "1", var last] => $"{start}.time_emb_proj.{last}",
        ["out_layers", "0", var last] => $"{start}.norm2.{last}",
        ["out_layers", "3", var last] => $"{start}.conv2.{last}",
        ["skip_connection", var last] => $"{start}.conv_shortcut.{last}",
        _ => null,
    };
}
