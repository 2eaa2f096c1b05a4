using static TorchSharp.torch;

namespace Costate;

/// <summary>What classifier-free guidance mixes a prediction with: <c>u + scale (c - u)</c>.</summary>
/// <param name="Unconditional">The condition of u, [1, ...] or [batch, ...]; null where the network takes null for none.</param>
/// <param name="Scale">The scale.</param>
internal sealed record ClassifierFreeGuidance(Tensor? Unconditional, double Scale)
{
    internal bool IsPerItem => Unconditional is not null && Unconditional.size(0) != 1;

    /// <summary>The condition that stands for none, for a batch: a copy, which the network may change.</summary>
    /// <param name="batch">Items.</param>
    /// <param name="dtype">The dtype of the network's conditions of floating point, where one is known.</param>
    /// <exception cref="InputException">It is of another batch.</exception>
    internal Tensor? None(long batch, ScalarType? dtype)
    {
        if (Unconditional is null)
        {
            return null;
        }

        if (Unconditional.size(0) != 1 && Unconditional.size(0) != batch)
        {
            throw new InputException(
                "unconditional",
                $"shape {Shapes.Text(Unconditional)}",
                $"[1, ...] or [{batch}, ...] for a batch of {batch}");
        }

        Tensor none = dtype is ScalarType its && Unconditional.is_floating_point() ? Unconditional.to(its) : Unconditional;
        return none.expand([batch, .. none.shape.Skip(1)]).clone();
    }

    /// <summary>The same for some items of the batch; one for all items stays as it is.</summary>
    internal ClassifierFreeGuidance ForItems(IReadOnlyList<int> items)
    {
        if (!IsPerItem)
        {
            return this;
        }

        using Tensor numbers = tensor(items.Select(item => (long)item).ToArray(), device: Unconditional!.device);
        return this with { Unconditional = Unconditional.index_select(0, numbers) };
    }
}
