namespace Costate.Networks;

/// <summary>PNDMScheduler: pseudo linear multistep on training steps, after a corrected Euler step or three Runge-Kutta steps.</summary>
internal sealed class PndmScheduler : Scheduler
{
    private readonly TrainingNoise noise;
    private readonly string spacing;
    private readonly int offset;
    private readonly bool skipsRungeKutta;
    private readonly double end;

    internal PndmScheduler(SchedulerOptions options)
        : base(options)
    {
        noise = TrainingNoise.Read(options, 0.0001, 0.02, rescales: false, finite: true);
        Prediction = ReadPrediction(options, "epsilon", "v_prediction");
        spacing = options.Choice("timestep_spacing", "leading", "trailing", "linspace");
        offset = options.Integer("steps_offset", 0, 0, noise.Count - 1);
        skipsRungeKutta = options.Flag("skip_prk_steps", false);
        end = options.Flag("set_alpha_to_one", false) ? 0 : noise.TimeOf(0);
    }

    internal override NoiseSchedule Schedule => noise.Schedule;

    internal override Prediction Prediction { get; }

    internal override int? TrainingTimesteps => noise.Count;

    internal override ScheduledSampling ForSteps(int steps, double? mu)
    {
        double[] timesteps = TrainingSteps.Spaced(Options, spacing, noise.Count, steps, offset);
        int stride = noise.Count / steps;
        if (!skipsRungeKutta && steps < 4)
        {
            throw new InputException(nameof(steps), $"{steps}", $"at least 4, as skip_prk_steps is false in {Options.Source}");
        }

        double[] times = [.. timesteps.Select(noise.TimeOf)];

        // Each step goes down by a whole stride, wherever the next timestep is; Runge-Kutta's steps go to the next.
        double[] targets = [.. timesteps.Select((t, i) =>
            !skipsRungeKutta && i < 3 ? times[i + 1] : t >= stride ? noise.TimeOf(t - stride) : end)];
        double[] middles = skipsRungeKutta ? [] : [.. timesteps.Take(3).Select(t => noise.TimeOf(t - (stride / 2)))];
        if (targets[^1] == times[^1])
        {
            // The last step ends where it begins.
            targets = targets[..^1];
        }
        else
        {
            times = [.. times, targets[^1]];
        }

        PseudoStart start = !skipsRungeKutta ? PseudoStart.RungeKutta : steps == 1 ? PseudoStart.Rising : PseudoStart.ImprovedEuler;
        bool corrects = start == PseudoStart.ImprovedEuler;
        var solver = new PseudoMultistep("PNDM", start)
        {
            Kind = Prediction,
            Targets = targets,
            CorrectedFrom = corrects && timesteps[1] + stride < noise.Count ? noise.TimeOf(timesteps[1] + stride) : null,
            Middles = skipsRungeKutta ? null : middles,
        };
        return new ScheduledSampling(Schedule, solver, Grid(steps, times, times));
    }
}
