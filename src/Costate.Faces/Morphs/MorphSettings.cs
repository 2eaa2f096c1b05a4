using Costate.Faces.Machines;
using Costate.Faces.Reports;
using Costate.Networks;

namespace Costate.Faces.Morphs;

/// <summary>What the options of <c>costate morph</c> say about how faces are morphed.</summary>
internal sealed record MorphSettings
{
    internal const int DefaultSteps = 20;
    internal const int DefaultEncodingSteps = 50;
    internal const int DefaultIterations = 30;
    internal const double DefaultRate = 0.01;

    /// <summary>Of the code, lower than that of the noise: steps of Adam that bring the loss down one by one overshoot together.</summary>
    internal const double DefaultCodeRate = 0.005;

    internal required string SolverName { get; init; }

    internal required Solver Solver { get; init; }

    internal required string GridName { get; init; }

    internal required int Steps { get; init; }

    /// <summary>Steps of the probability-flow ODE towards noise; null where the noise belongs to the sampling grid.</summary>
    internal required int? EncodingSteps { get; init; }

    internal required string MethodName { get; init; }

    internal required string OptimiserName { get; init; }

    internal required int? AdjointSteps { get; init; }

    internal required string? Trajectory { get; init; }

    internal required LatentOptimisationOptions Optimisation { get; init; }

    internal required double Blend { get; init; }

    internal required ulong Seed { get; init; }

    /// <summary>By name. Runs with equal ones may share a folder.</summary>
    internal SortedDictionary<string, Setting> Describe(Model model) => Setting.Named(
    [
        ("weights", model.Source),
        ("device", ComputeDevice.KindOf(model.Device)),
        ("solver", SolverName),
        ("grid", GridName),
        ("steps", Steps),
        ("encodingSteps", EncodingSteps),
        ("method", MethodName),
        ("adjointSteps", AdjointSteps),
        ("trajectory", Trajectory),
        ("optimiser", OptimiserName),
        ("targets", Optimisation.Targets.ToString()),
        ("iterations", Optimisation.Iterations),
        ("learningRate", Optimisation.StartNoiseRate),
        ("codeLearningRate", Optimisation.ConditionRate),
        ("gradientNorm", Optimisation.MaxGradientNorm),
        ("keepNorm", Optimisation.KeepStartNorm ? true : null),
        ("injectedNoise", Optimisation.InjectedNoise == 0 ? null : Optimisation.InjectedNoise),
        ("stopAtLoss", Optimisation.StopAtLoss),
        ("patience", Optimisation.Patience),
        ("blend", Blend),
        ("seed", Seed),
    ]);
}
