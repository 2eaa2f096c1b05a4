using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The embedding of a time, of a pooled text and of a guidance scale where the network is told one: their sum.</summary>
internal sealed class TimeTextEmbedding : NetworkBlock
{
    private const int Features = 256;

    private readonly TimestepEmbedding times;
    private readonly TimestepEmbedding? guidances;
    private readonly TimestepEmbedding texts;

    internal TimeTextEmbedding(int width, int pooled, bool hasGuidance, Device? device)
        : base(nameof(TimeTextEmbedding))
    {
        register_module("timestep_embedder", times = new TimestepEmbedding(Features, width, device));
        if (hasGuidance)
        {
            register_module("guidance_embedder", guidances = new TimestepEmbedding(Features, width, device));
        }

        register_module("text_embedder", texts = new TimestepEmbedding(pooled, width, device));
    }

    /// <summary>[batch, width], activated, of steps [batch] and scales [batch] of 0 to 1000, and texts [batch, pooled].</summary>
    internal Tensor Activated(Tensor time, Tensor pooled, Tensor? guidance)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor sum = texts.Forward(pooled).add_(Embedded(times, time));
        return Activation.Silu.Apply(guidance is null ? sum : sum.add_(Embedded(guidances!, guidance))).MoveToOuterDisposeScope();
    }

    private static Tensor Embedded(TimestepEmbedding embedding, Tensor value) =>
        embedding.Forward(TimestepFeatures.Of(value, Features, cosFirst: true, frequencyShift: 0));
}
