using static TorchSharp.torch;

namespace Costate;

/// <summary>The product of a loss's second derivative on a sample with a direction of what the sample is made from.</summary>
public sealed class HessianProduct : TensorResult
{
    internal HessianProduct(Tensor loss, Tensor sample, Tensor tangent, Cotangents products, SamplingRun run)
    {
        (Loss, Sample, Tangent) = (loss, sample, tangent);
        StartNoise = products.Start;
        Conditions = Of(ConditionRole.Conditional);
        Unconditional = Of(ConditionRole.Unconditional);
        Cost = run.Meter.Total;

        IReadOnlyDictionary<string, Tensor> Of(ConditionRole role) => (run.Condition?.Entries ?? [])
            .Zip(products.Condition)
            .Where(pair => pair.First.Role == role && pair.Second is not null)
            .ToDictionary(pair => pair.First.Name, pair => pair.Second!);
    }

    /// <summary>The loss of each item, [batch]; [1] if the loss function returned a scalar.</summary>
    public Tensor Loss { get; }

    /// <summary>The sample, in the shape of x_T.</summary>
    public Tensor Sample { get; }

    /// <summary>The derivative of the sample along the direction, in the shape of x_T.</summary>
    public Tensor Tangent { get; }

    /// <summary>The product's part for x_T, in its shape.</summary>
    public Tensor StartNoise { get; }

    /// <summary>
    /// The product's parts for the condition, by the names of its tensors (<c>z</c> for one without), each in its shape; integers have
    /// none.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Conditions { get; }

    /// <summary>
    /// The product's parts for the unconditional branch of classifier-free guidance, by names, each in the shape that was given.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Unconditional { get; }

    /// <summary>What it cost; a product with the network's Jacobian counts as one, with both derivatives of it too.</summary>
    public GradientCost Cost { get; }

    private protected override IEnumerable<Tensor?> Tensors =>
        [Loss, Sample, Tangent, StartNoise, .. Conditions.Values, .. Unconditional.Values];
}
