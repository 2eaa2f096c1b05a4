namespace Costate.Networks;

/// <summary>The whole training steps that DDIM and DDPM visit.</summary>
internal static class TrainingSteps
{
    /// <summary>Falling timesteps.</summary>
    /// <exception cref="InputException">There are more steps than training had.</exception>
    internal static double[] Spaced(SchedulerOptions options, string spacing, int trainingSteps, int steps, int offset)
    {
        if (steps > trainingSteps)
        {
            throw new InputException(nameof(steps), $"{steps}", $"at most {trainingSteps}, the num_train_timesteps of {options.Source}");
        }

        return spacing switch
        {
            "linspace" => Ramp.Linspace(trainingSteps - 1, steps, steps),
            "leading" => Ramp.Leading(trainingSteps / steps, steps, 0, offset),
            _ => Ramp.Trailing(trainingSteps, (double)trainingSteps / steps, steps),
        };
    }
}
