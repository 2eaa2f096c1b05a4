namespace Costate;

/// <summary>How a solver of order 2 or 3 uses the derivative of the prediction. The two differ in the next order only.</summary>
public enum SolverType
{
    /// <summary>The derivative enters through the midpoint rule: the default of DPM-Solver and DPM-Solver++.</summary>
    Midpoint,

    /// <summary>The interpolating polynomial is integrated exactly.</summary>
    Heun,
}
