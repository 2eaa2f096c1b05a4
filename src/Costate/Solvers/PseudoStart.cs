namespace Costate;

/// <summary>How a <see cref="PseudoMultistep"/> begins, before there are four predictions.</summary>
internal enum PseudoStart
{
    /// <summary>With orders 1, 2 and 3.</summary>
    Rising,

    /// <summary>With an Euler step that is taken again with the mean of the predictions at its ends; then orders 2 and 3.</summary>
    ImprovedEuler,

    /// <summary>With three steps of four evaluations each, of Runge and Kutta's classical weights.</summary>
    RungeKutta,
}
