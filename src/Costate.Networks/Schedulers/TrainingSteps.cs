namespace Costate.Networks;

/// <summary>The whole training steps that DDIM and DDPM visit.</summary>
internal static class TrainingSteps
{
    /// <summary>Falling timesteps.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are more steps than training had.</exception>
    internal static double[] Spaced(string spacing, int trainingSteps, int steps, int offset)
    {
        if (steps > trainingSteps)
        {
            throw new ArgumentOutOfRangeException(nameof(steps), steps, $"Got {steps} steps, but training had {trainingSteps}; use at most as many.");
        }

        return spacing switch
        {
            "linspace" => Ramp.Linspace(trainingSteps - 1, steps, steps),
            "leading" => Ramp.Leading(trainingSteps / steps, steps, 0, offset),
            _ => Ramp.Trailing(trainingSteps, (double)trainingSteps / steps, steps),
        };
    }
}
