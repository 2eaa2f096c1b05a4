using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>A tensor that an evaluation of the network depends on besides x and t.</summary>
/// <param name="Name">Its name in the bundle.</param>
/// <param name="Values">[batch, ...], or [steps, batch, ...] if scheduled, [knots, batch, ...] if it moves.</param>
/// <param name="IsScheduled">Whether there is one for each interval of the grid.</param>
/// <param name="Role">What it is for.</param>
internal sealed record ConditionEntry(string Name, Tensor Values, bool IsScheduled = false, ConditionRole Role = ConditionRole.Conditional)
{
    /// <summary>As errors name the time that a network is told.</summary>
    internal const string ToldTime = "the time that it is told";

    /// <summary>Whether its gradient is wanted; only floating-point tensors have one.</summary>
    internal bool HasGradient { get; init; } = Values.is_floating_point();

    /// <summary>How it moves in time, where its first dimension is that of knots; null where it does not, or jumps.</summary>
    internal KnotCurve? Curve { get; init; }

    internal int BatchDimension => IsScheduled || Curve is not null ? 1 : 0;

    /// <summary>Whether it is one for all items: [1, ...] under guidance. A condition has one for each.</summary>
    internal bool IsShared => Role == ConditionRole.Unconditional && Values.shape[BatchDimension] == 1;

    /// <summary>As errors name it.</summary>
    internal string Text => Role switch
    {
        ConditionRole.Scale => "the guidance scale",
        ConditionRole.Time => ToldTime,
        ConditionRole.Unconditional => Name == Condition.OnlyName ? "the unconditional branch" : $"'{Name}' of the unconditional branch",
        _ => Name == Condition.OnlyName ? "the condition" : $"'{Name}' of the condition",
    };

    /// <summary>What the network sees of it at a point: a handle of its own.</summary>
    internal ConditionEntry At(EvaluationPoint at) => this with
    {
        Values = IsScheduled ? Values[at.Interval] : Curve is null ? Values.alias() : Combined(Curve.Weights(at.Time)),
        IsScheduled = false,
        Curve = null,
    };

    /// <summary>How fast it moves there; null where it does not.</summary>
    internal Tensor? SlopeAt(EvaluationPoint at) => Curve is null ? null : Combined(Curve.Slopes(at.Time));

    private Tensor Combined(double[] weights)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor column = tensor(weights, [weights.Length, .. Enumerable.Repeat(1L, checked((int)Values.dim()) - 1)], device: Values.device);
        return Values.mul(column.to(Values.dtype)).sum([0L]).MoveToOuterDisposeScope();
    }

    /// <summary>The same for some items of the batch.</summary>
    internal ConditionEntry ForItems(Tensor items) => IsShared ? this : this with { Values = Values.index_select(BatchDimension, items) };
}
