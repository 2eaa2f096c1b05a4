using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>What a <see cref="ClipTextModel"/> makes of token ids [batch, tokens].</summary>
/// <remarks>Its tensors are part of the graph, if there is one. Dispose it, or let a dispose scope.</remarks>
public sealed class ClipTextOutput : TensorResult
{
    internal ClipTextOutput(IReadOnlyList<Tensor> hiddenStates, Tensor lastHiddenState, Tensor pooled, Tensor? textEmbeds) =>
        (HiddenStates, LastHiddenState, Pooled, TextEmbeds) = (hiddenStates, lastHiddenState, pooled, textEmbeds);

    /// <summary>
    /// The states [batch, tokens, width] before the first layer and after each, without the last normalisation: one more than layers.
    /// SDXL takes the last but one.
    /// </summary>
    public IReadOnlyList<Tensor> HiddenStates { get; }

    /// <summary>The last of them, normalised: what Stable Diffusion 1 and 2 take.</summary>
    public Tensor LastHiddenState { get; }

    /// <summary>Its state at the end of the text, [batch, width] (<c>pooler_output</c>).</summary>
    public Tensor Pooled { get; }

    /// <summary>The projection of that, [batch, projection], as SDXL and SD3 take it; null for a network without projection.</summary>
    public Tensor? TextEmbeds { get; }

    private protected override IEnumerable<Tensor?> Tensors => [.. HiddenStates, LastHiddenState, Pooled, TextEmbeds];
}
