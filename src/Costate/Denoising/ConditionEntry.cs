using static TorchSharp.torch;

namespace Costate;

/// <summary>A tensor that an evaluation of the network depends on besides x and t.</summary>
/// <param name="Name">Its name in the bundle.</param>
/// <param name="Values">[batch, ...], or [steps, batch, ...] if scheduled.</param>
/// <param name="IsScheduled">Whether there is one for each interval of the grid.</param>
/// <param name="Role">What it is for.</param>
internal sealed record ConditionEntry(string Name, Tensor Values, bool IsScheduled = false, ConditionRole Role = ConditionRole.Conditional)
{
    /// <summary>As errors name the time that a network is told.</summary>
    internal const string ToldTime = "the time that it is told";

    /// <summary>Whether its gradient is wanted; only floating-point tensors have one.</summary>
    internal bool HasGradient { get; init; } = Values.is_floating_point();

    internal int BatchDimension => IsScheduled ? 1 : 0;

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

    /// <summary>What the network sees of it in an interval: a handle of its own.</summary>
    internal ConditionEntry At(int interval) => this with { Values = IsScheduled ? Values[interval] : Values.alias(), IsScheduled = false };

    /// <summary>The same for some items of the batch.</summary>
    internal ConditionEntry ForItems(Tensor items) => IsShared ? this : this with { Values = Values.index_select(BatchDimension, items) };
}
