using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Stable Diffusion 3 and 3.5: two text encoders of CLIP, and T5 or none.</summary>
internal sealed class Sd3Family : TransformerFamily
{
    private const int LongTokens = 256;
    private const string Text3 = "text_encoder_3";

    private readonly SD3Transformer2DConfig config;

    internal Sd3Family(string folder, JsonOptions index, string? scheduler, Prediction? prediction)
        : base(folder, index, scheduler, prediction: null)
    {
        RefusePrediction(prediction);
        Require(Network, SD3Transformer2DConfig.ClassName);
        config = SD3Transformer2DConfig.Read(Config(Network));
        Clips = [Clip("text_encoder", "tokenizer", JointTexts.Projecting), Clip("text_encoder_2", "tokenizer_2", JointTexts.Projecting)];
        Long = Has(Text3) ? T5(Text3, "tokenizer_3") : null;
        int channels = VaeConfig.LatentChannels, pooled = Clips.Sum(clip => clip.Config.ProjectionDim);
        Fit(Network, config.InChannels == channels && config.OutChannels == channels,
            $"takes {config.InChannels} channels and gives {config.OutChannels}", Vae, $"makes latents of {channels}");
        Fit(Network, config.PooledProjectionDim == pooled,
            $"takes a pooled text of width {config.PooledProjectionDim}", Clips[0].Part, $"makes with the second one of width {pooled}");
        Fit(Network, Clips.Sum(clip => clip.Config.HiddenSize) <= config.JointAttentionDim,
            $"takes texts of width {config.JointAttentionDim}", Clips[0].Part, "makes with the second wider ones");
        Fit(Network, Long is null || Long.Config.DModel == config.JointAttentionDim,
            $"takes texts of width {config.JointAttentionDim}", Text3, $"makes them of width {Long?.Config.DModel}");
    }

    internal override IReadOnlyList<ClipPart> Clips { get; }

    internal override T5Part? Long { get; }

    internal override double UsualScale => 7;

    internal override (int Height, int Width) PictureSize => (config.SampleSize * VaeConfig.Factor, config.SampleSize * VaeConfig.Factor);

    internal override (int Width, int Blocks, int Tokens) Shape =>
        (config.Width, config.NumLayers, Clips[0].Tokenizer.Length + (Long is null ? Clips[0].Tokenizer.Length : LongTokens));

    private protected override int PatchSize => config.PatchSize;

    internal override nn.Module LoadNetwork(
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken) =>
        SD3Transformer2DModel.Load(config, weights, device, dtype, trainable, progress, cancellationToken);

    internal override IPipelineTexts Texts(TransformerNetworks networks, ScalarType dtype) =>
        new JointTexts(this, networks, LongTokens, config.JointAttentionDim, dtype);

    internal override Tensor Call(nn.Module network, Tensor x, Tensor t, Costate.Condition z, double scale) =>
        ((SD3Transformer2DModel)network).call(x, t, Entry(z, PipelineTexts.Text), Entry(z, PipelineTexts.Pooled));
}
