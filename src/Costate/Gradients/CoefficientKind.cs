namespace Costate;

/// <summary>What a <see cref="Coefficient"/> is.</summary>
internal enum CoefficientKind
{
    /// <summary>A weight of an earlier state, A.</summary>
    State,

    /// <summary>A weight of a prediction, B.</summary>
    Output,

    /// <summary>A weight of an input, C.</summary>
    Input,

    /// <summary>The state's weight in the prediction that the network's output becomes.</summary>
    ConvertedState,

    /// <summary>The output's weight there.</summary>
    ConvertedOutput,

    /// <summary>The time of the row.</summary>
    Time,

    /// <summary>The time that the network is told.</summary>
    NetworkTime,
}
