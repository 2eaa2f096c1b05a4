namespace Costate.Networks.Tests;

/// <summary>Short ways to write a configuration in a test.</summary>
internal static class TestConfiguration
{
    internal static string Json(string scheduler, params string[] options) =>
        $$"""{ "_class_name": "{{scheduler}}", "_diffusers_version": "0.38.0"{{string.Concat(options.Select(option => ",\n  " + option))}} }""";

    internal static SchedulerConfiguration Parse(string scheduler, params string[] options) =>
        SchedulerConfiguration.Parse(Json(scheduler, options));

    /// <summary>The timesteps that the network is told, one for each evaluation.</summary>
    internal static double[] Timesteps(this SchedulerConfiguration configuration, SolverTable table) =>
    [
        .. table.EvaluatedRows.Select(row => table.Rows[row].NetworkTime * (configuration.TrainingTimesteps ?? configuration.TimeScale)
            - (configuration.TrainingTimesteps is null ? 0 : 1)),
    ];

    internal static double[] Timesteps(this SchedulerConfiguration configuration, int steps, double? mu = null) =>
        configuration.Timesteps(configuration.ForSteps(steps, mu));

    internal static double[] Timesteps(this SchedulerConfiguration configuration, ScheduledSampling run) =>
        configuration.Timesteps(run.Solver.Tabulate(run.Schedule, run.Grid));

    /// <summary>The noise levels of the grid: sigma/alpha, or sigma for a flow.</summary>
    internal static double[] NoiseLevels(this SchedulerConfiguration configuration, int steps, double? mu = null) =>
        configuration.NoiseLevels(configuration.ForSteps(steps, mu));

    internal static double[] NoiseLevels(this SchedulerConfiguration configuration, ScheduledSampling run)
    {
        bool isFlow = configuration.Prediction is Prediction.Flow or Prediction.NegativeFlow;
        return [.. run.Grid.Times.Select(t => isFlow ? run.Schedule.Sigma(t) : run.Schedule.NoiseToSignal(t))];
    }
}
