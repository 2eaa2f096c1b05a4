using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The networks of a transformer's pipeline.</summary>
internal sealed record TransformerNetworks(
    IReadOnlyList<ClipTextModel> Clips, T5EncoderModel? Long, AutoencoderKL Codec, nn.Module Network)
{
    /// <summary>Loads them one after the other; none is left where that fails.</summary>
    internal static TransformerNetworks Load(
        TransformerFamily family,
        string? variant,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken)
    {
        var summed = new SummedProgress(progress);
        var owned = new Stack<IDisposable>();
        try
        {
            return new TransformerNetworks(
                [
                    .. family.Clips.Select(clip => Part(clip.Part, source =>
                        ClipTextModel.Load(clip.Config, source, device, dtype, trainable: false, summed, cancellationToken))),
                ],
                family.Long is not { } t5 ? null : Part(t5.Part, source =>
                    T5EncoderModel.Load(t5.Config, source, device, dtype, trainable: false, summed, cancellationToken)),
                Part(TransformerFamily.Vae, source =>
                    AutoencoderKL.Load(family.VaeConfig, source, device, dtype, trainable: false, summed, cancellationToken)),
                Part(TransformerFamily.Network, source =>
                    family.LoadNetwork(source, device, dtype, trainable, summed, cancellationToken)));
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
            using WeightSource source = family.Open(part, variant);
            summed.Next();
            TNetwork network = load(source);
            owned.Push(network);
            return network;
        }
    }
}
