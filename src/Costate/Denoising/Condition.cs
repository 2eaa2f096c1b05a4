using static TorchSharp.torch;

namespace Costate;

/// <summary>The condition z of a network: one tensor for the whole run, or one for each interval of the grid.</summary>
/// <remarks>A tensor converts to a constant condition by itself. A condition does not own its tensor.</remarks>
public sealed class Condition
{
    private Condition(Tensor values, bool isScheduled)
    {
        Values = values;
        IsScheduled = isScheduled;
    }

    /// <summary>
    /// The tensor: [batch, ...], or [steps, batch, ...] if scheduled. Gradients with respect to the condition have this shape.
    /// </summary>
    public Tensor Values { get; }

    /// <summary>Whether there is one tensor for each interval of the grid.</summary>
    public bool IsScheduled { get; }

    /// <summary>A condition that does not change.</summary>
    /// <param name="z">[batch, ...], of any dtype; only floating-point conditions have a gradient.</param>
    public static Condition Constant(Tensor z)
    {
        ArgumentNullException.ThrowIfNull(z);
        return new Condition(z, isScheduled: false);
    }

    /// <summary>
    /// A condition for each interval of the grid (AdjointDEIS, Theorem 2.2): the network sees entry i at every evaluation of the
    /// step from grid time i to grid time i + 1, the evaluation at its start included.
    /// </summary>
    /// <param name="values">[steps, batch, ...], in the order of the grid.</param>
    public static Condition Scheduled(Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.dim() >= 2
            ? new Condition(values, isScheduled: true)
            : throw new ArgumentException(
                $"Got shape {Shapes.Text(values)}; a scheduled condition is [steps, batch, ...].",
                nameof(values));
    }

    /// <inheritdoc cref="Scheduled(Tensor)"/>
    /// <param name="values">One tensor [batch, ...] for each interval, all of one shape. They are stacked, which autograd follows.</param>
    public static Condition Scheduled(IReadOnlyList<Tensor> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.Count > 0 && values.All(v => v.shape.AsSpan().SequenceEqual(values[0].shape))
            ? Scheduled(stack(values))
            : throw new ArgumentException(
                $"Got {values.Count} tensors of shapes {string.Join(", ", values.Select(Shapes.Text))}; "
                    + "a scheduled condition has one for each interval, all of one shape.",
                nameof(values));
    }

    /// <summary>A constant condition; null stays null.</summary>
    /// <param name="z">[batch, ...] or null.</param>
    public static implicit operator Condition?(Tensor? z) => z is null ? null : new Condition(z, isScheduled: false);

    /// <summary>The same condition with another tensor.</summary>
    internal Condition WithValues(Tensor values) => new(values, IsScheduled);

    /// <summary>The tensor that the network sees in an interval. The caller disposes it.</summary>
    internal Tensor At(int interval) => IsScheduled ? Values[interval] : Values.alias();
}
