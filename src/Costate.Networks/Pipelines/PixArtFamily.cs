using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>PixArt-alpha and PixArt-Sigma: T5 with a mask, and the sizes of the picture where the network is told them.</summary>
internal sealed class PixArtFamily : TransformerFamily
{
    internal const string Mask = "text_mask";
    private const string Text = "text_encoder";

    private readonly PixArtTransformer2DConfig config;

    internal PixArtFamily(string folder, JsonOptions index, string? scheduler, Prediction? prediction, int tokens)
        : base(folder, index, scheduler, prediction)
    {
        LongTokens = tokens;
        Require(Network, PixArtTransformer2DConfig.ClassName, PixArtTransformer2DConfig.OldClassName);
        config = PixArtTransformer2DConfig.Read(Config(Network));
        Long = T5(Text, "tokenizer");
        RequireLatents(config.InChannels, config.OutChannels);
        int width = config.CaptionChannels ?? config.CrossAttentionDim;
        Fit(Network, width == Long.Config.DModel, $"takes texts of width {width}", Text, $"makes them of width {Long.Config.DModel}");
    }

    internal override T5Part Long { get; }

    internal override double UsualScale => 4.5;

    internal override (int Height, int Width) PictureSize => (config.SampleSize * VaeConfig.Factor, config.SampleSize * VaeConfig.Factor);

    internal override (int Width, int Blocks, int Tokens) Shape => (config.Width, config.NumLayers, LongTokens);

    /// <summary>How many tokens a text has.</summary>
    internal int LongTokens { get; }

    private protected override int PatchSize => config.PatchSize;

    internal override nn.Module LoadNetwork(
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken) =>
        PixArtTransformer2DModel.Load(config, weights, device, dtype, trainable, progress, cancellationToken);

    internal override IPipelineTexts Texts(TransformerNetworks networks, ScalarType dtype) => new MaskedTexts(this, networks.Long!, dtype);

    internal override Tensor Call(nn.Module network, Tensor x, Tensor t, Costate.Condition z, double scale)
    {
        using DisposeScope scope = NewDisposeScope();
        (double height, double width) = (x.shape[2] * VaeConfig.Factor, x.shape[3] * VaeConfig.Factor);
        Tensor output = ((PixArtTransformer2DModel)network).forward(
            x,
            t,
            Entry(z, PipelineTexts.Text),
            Entry(z, Mask),
            config.HasSizes ? Told(height, width) : null,
            config.HasSizes ? Told(height / width) : null);

        // A learned variance is left out.
        return output.narrow(1, 0, VaeConfig.LatentChannels).MoveToOuterDisposeScope();

        Tensor Told(params double[] values) => tensor(values, ScalarType.Float32, x.device).unsqueeze(0).expand(x.shape[0], -1);
    }
}
