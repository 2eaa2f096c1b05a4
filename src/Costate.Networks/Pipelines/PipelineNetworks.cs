using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The networks of a pipeline.</summary>
internal sealed record PipelineNetworks(
    ClipTextModel TextEncoder, ClipTextModel? TextEncoder2, AutoencoderKL Codec, UNet2DConditionModel Unet)
{
    /// <summary>Loads them one after the other; none is left where that fails. <c>weights</c> is a single file, or null.</summary>
    internal static PipelineNetworks Load(
        PipelineFolder folder,
        string? weights,
        string? variant,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        using WeightSource? single = weights is null ? null : WeightSource.Open(weights);
        OriginalCheckpoint? original = single is null ? null : OriginalCheckpoint.Of(single);
        var summed = new SummedProgress(progress);
        var owned = new Stack<IDisposable>();
        try
        {
            return new PipelineNetworks(
                Part(PipelineFolder.Text, file => file.TextEncoder(), source =>
                    ClipTextModel.Load(folder.TextConfig, source, device, dtype, trainable: false, summed, cancellationToken)),
                folder.TextConfig2 is null ? null : Part(PipelineFolder.Text2, file => file.TextEncoder(1), source =>
                    ClipTextModel.Load(folder.TextConfig2, source, device, dtype, trainable: false, summed, cancellationToken)),
                Part(PipelineFolder.Vae, file => file.Vae(), source =>
                    AutoencoderKL.Load(
                        folder.VaeConfig, source, device, folder.CodecDtype(dtype), trainable: false, summed, cancellationToken)),
                Part(PipelineFolder.Unet, file => file.Unet(), source =>
                    UNet2DConditionModel.Load(folder.UnetConfig, source, device, dtype, trainable, summed, cancellationToken)));
        }
        catch
        {
            foreach (IDisposable part in owned)
            {
                part.Dispose();
            }

            throw;
        }

        TNetwork Part<TNetwork>(string part, Func<OriginalCheckpoint, WeightSource> split, Func<WeightSource, TNetwork> load)
            where TNetwork : nn.Module
        {
            // What is split off a single file is closed with that.
            using WeightSource? own = original is null ? folder.Open(part, variant) : null;
            summed.Next();
            TNetwork network = load(own ?? split(original!));
            owned.Push(network);
            return network;
        }
    }
}
