namespace Costate.Experiments.Evaluation;

/// <summary>A result of an evaluation, of one of many items by one of many methods.</summary>
internal interface IEvaluated
{
    /// <summary>Which, from 0.</summary>
    int Item { get; }

    /// <summary>How it was made.</summary>
    string Method { get; }
}
