namespace Costate.Experiments.Gradients;

/// <summary>One point of the study.</summary>
/// <param name="Curve">Which way.</param>
/// <param name="Steps">Number of sampling steps.</param>
/// <param name="StartNoiseError">Relative error of dL/dx_T, in the Euclidean norm.</param>
/// <param name="ConditionError">Relative error of dL/dz, in the Euclidean norm.</param>
/// <param name="Cost">What the gradient cost.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record GradientMeasurement(
    GradientCurve Curve,
    int Steps,
    double StartNoiseError,
    double ConditionError,
    GradientCost Cost,
    double Seconds);
