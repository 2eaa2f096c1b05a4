using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>FLUX.1, dev and schnell: CLIP's pooled text and T5; patches of latents as packed positions.</summary>
internal sealed class FluxFamily : TransformerFamily
{
    // Of two by two latents, which the pipeline makes and the network does not know of.
    private const int Patch = 2;

    private const string Text = "text_encoder";
    private const string Text2 = "text_encoder_2";

    private readonly FluxTransformer2DConfig config;

    internal FluxFamily(string folder, JsonOptions index, string? scheduler, Prediction? prediction)
        : base(folder, index, scheduler, prediction: null)
    {
        RefusePrediction(prediction);
        Require(Network, FluxTransformer2DConfig.ClassName);
        config = FluxTransformer2DConfig.Read(Config(Network));
        Clips = [Clip(Text, "tokenizer", "CLIPTextModel")];
        Long = T5(Text2, "tokenizer_2");
        int channels = Patch * Patch * VaeConfig.LatentChannels;
        Fit(Network, config.InChannels == channels && config.PredictedChannels == channels,
            $"takes {config.InChannels} channels and gives {config.PredictedChannels}", Vae, $"makes patches of {channels}");
        Fit(Network, config.PooledProjectionDim == Clips[0].Config.HiddenSize,
            $"takes a pooled text of width {config.PooledProjectionDim}", Text, $"makes one of width {Clips[0].Config.HiddenSize}");
        Fit(Network, config.JointAttentionDim == Long.Config.DModel,
            $"takes texts of width {config.JointAttentionDim}", Text2, $"makes them of width {Long.Config.DModel}");
    }

    internal override IReadOnlyList<ClipPart> Clips { get; }

    internal override T5Part Long { get; }

    internal override GuidanceKind Guidance => config.GuidanceEmbeds ? GuidanceKind.Told : GuidanceKind.Fixed;

    internal override double UsualScale => config.GuidanceEmbeds ? 3.5 : 1;

    internal override (int Width, int Blocks, int Tokens) Shape =>
        (config.Width, config.NumLayers + config.NumSingleLayers, LongTokens);

    private protected override int PatchSize => Patch;

    // Schnell learnt with fewer.
    private int LongTokens => config.GuidanceEmbeds ? 512 : 256;

    // The noise levels are the pipeline's own.
    internal override ScheduledSampling ForSteps(int steps, (int Height, int Width) size) => steps < 1
        ? Scheduler.ForSteps(steps)
        : Scheduler.ForNoiseLevels([.. Enumerable.Range(0, steps).Select(i => (double)(steps - i) / steps)], Shift(size));

    internal override nn.Module LoadNetwork(
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken) =>
        FluxTransformer2DModel.Load(config, weights, device, dtype, trainable, progress, cancellationToken);

    internal override IPipelineTexts Texts(TransformerNetworks networks, ScalarType dtype) =>
        new JointTexts(this, networks, LongTokens, config.JointAttentionDim, dtype);

    internal override Tensor Call(nn.Module network, Tensor x, Tensor t, Costate.Condition z, double scale)
    {
        (long height, long width) = (x.shape[2], x.shape[3]);
        if (height % Patch != 0 || width % Patch != 0)
        {
            throw new InputException("x", $"latents of {height} x {width}", $"of sides that {Patch} divides", "Choose another size.");
        }

        using DisposeScope scope = NewDisposeScope();
        Tensor text = Entry(z, PipelineTexts.Text);
        Tensor output = ((FluxTransformer2DModel)network).forward(
            Patches.Of(x, Patch),
            t / Scheduler.TimeScale,
            text,
            Entry(z, PipelineTexts.Pooled),
            Places(height / Patch, width / Patch, x.device),
            zeros(text.shape[1], 3, device: x.device),
            config.GuidanceEmbeds ? full([x.shape[0]], scale, ScalarType.Float32, x.device) : null);
        return Patches.Unpacked(output, Patch, height, width).MoveToOuterDisposeScope();
    }

    // 0, row, column.
    private static Tensor Places(long rows, long columns, Device device)
    {
        Tensor row = arange(rows, device: device).unsqueeze(1).expand(rows, columns).flatten();
        Tensor column = arange(columns, device: device).unsqueeze(0).expand(rows, columns).flatten();
        return stack([zeros_like(row), row, column], 1);
    }
}
