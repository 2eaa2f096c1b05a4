using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The networks of a pipeline.</summary>
internal sealed record PipelineNetworks(IReadOnlyList<ClipTextModel> Texts, AutoencoderKL Codec, UNet2DConditionModel Unet)
{
    /// <summary>Loads them one after the other; none is left where that fails.</summary>
    /// <param name="parts">Their shapes.</param>
    /// <param name="folder">Where their weights are.</param>
    /// <param name="single">A single file to take the weights from; null for the folder's.</param>
    /// <param name="variant">Which of several weights of the folder.</param>
    /// <param name="device">Where to put them; null for the CPU.</param>
    /// <param name="dtype">What they compute in.</param>
    /// <param name="trainable">Whether the U-Net's parameters take gradients.</param>
    /// <param name="progress">Told how many bytes have been read in all.</param>
    /// <param name="cancellationToken">Ends the loading between two tensors.</param>
    internal static PipelineNetworks Load(
        PipelineParts parts,
        string folder,
        string? single,
        string? variant,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        using WeightSource? file = single is null ? null : WeightSource.Open(single);
        OriginalCheckpoint? original = file is null ? null : OriginalCheckpoint.Of(file);
        var summed = new SummedProgress(progress);
        var owned = new Stack<IDisposable>();
        try
        {
            return new PipelineNetworks(
                [
                    .. parts.Texts.Select(text => Part(text.Part, source =>
                        ClipTextModel.Load(text.Config, source, device, dtype, trainable: false, summed, cancellationToken))),
                ],
                Part(PartName.Vae, source =>
                    AutoencoderKL.Load(
                        parts.VaeConfig, source, device, parts.CodecDtype(dtype), trainable: false, summed, cancellationToken)),
                Part(PartName.Unet, source =>
                    UNet2DConditionModel.Load(parts.UnetConfig, source, device, dtype, trainable, summed, cancellationToken)));
        }
        catch
        {
            foreach (IDisposable part in owned)
            {
                part.Dispose();
            }

            throw;
        }

        TNetwork Part<TNetwork>(string part, Func<WeightSource, TNetwork> load)
            where TNetwork : nn.Module
        {
            using WeightSource source = original?.Part(part) ?? PipelineFolder.Open(folder, part, variant);
            summed.Next();
            TNetwork network = load(source);
            owned.Push(network);
            return network;
        }
    }
}
