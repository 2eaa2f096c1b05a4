namespace Costate;

/// <summary>
/// The weights of a guided step, in numbers: <c>x_s = State x_t + Data x0 + Noise n - StateGradient g + DataChange d</c>, with g the
/// gradient with respect to x_t and d the change of the predicted data.
/// </summary>
internal readonly record struct GuidedStep
{
    internal GuidedStep(
        GuidanceStep at,
        PredictionConversion toData,
        GuidanceOptions options,
        double stateStrength,
        double dataStrength,
        double smoothing)
    {
        (At, ToData, DataStrength, Smoothing) = (at, toData, dataStrength, smoothing);
        Repeats = options.Recurrences.At(at.Time);

        // DDIM (Song et al. 2021, eq. 12 and 16), in ratios that hold for any schedule: r = (alpha_t sigma_s)/(alpha_s sigma_t).
        double ratio = at.Alpha * at.NextSigma / (at.NextAlpha * at.Sigma);
        double added = (1 - ratio) * (1 + ratio);
        Noise = options.Eta * at.NextSigma * Math.Sqrt(added);
        double direction = at.NextSigma * Math.Sqrt(1 - (options.Eta * options.Eta * added));
        State = direction / at.Sigma;
        Data = at.NextAlpha - (at.Alpha * State);

        // A change of the noise by e moves the data by -sigma_t e/alpha_t and so the step by -Data sigma_t e/alpha_t; universal guidance
        // changes it by strength sigma_t g, or by what a change of the data means for it.
        StateGradient =
            stateStrength == 0 ? 0
            : options.ThroughNoise ? stateStrength * at.Sigma * at.Sigma / at.Alpha * Data
            : stateStrength;
        DataChange = options.ThroughNoise ? Data : at.NextAlpha;
        ReturnState = at.Alpha / at.NextAlpha;
        ReturnNoise = at.Sigma * Math.Sqrt(added);
    }

    internal GuidanceStep At { get; }

    internal PredictionConversion ToData { get; }

    internal int Repeats { get; }

    internal double State { get; }

    internal double Data { get; }

    internal double Noise { get; }

    internal double StateGradient { get; }

    internal double DataStrength { get; }

    internal double DataChange { get; }

    internal double Smoothing { get; }

    /// <summary>Weights of the way back from s to t: the forward process.</summary>
    internal double ReturnState { get; }

    internal double ReturnNoise { get; }

    internal bool GuidesState => StateGradient != 0;

    internal bool GuidesData => DataStrength != 0 && DataChange != 0;

    internal static GuidedStep[] All(Denoiser denoiser, NoiseSchedule schedule, TimeGrid grid, GuidanceOptions options)
    {
        IReadOnlyList<GuidanceStep> steps = GuidanceStep.Of(schedule, grid);
        double[] state = options.StateStrength.Over(steps, nameof(options.StateStrength));
        double[] data = options.DataStrength.Over(steps, nameof(options.DataStrength));
        double[] smoothing = options.Smoothing.Over(steps, nameof(options.Smoothing));
        return [.. steps.Select(Make)];

        GuidedStep Make(GuidanceStep at, int i)
        {
            PredictionConversion toData = PredictionConversion.Checked(
                denoiser.Prediction,
                Prediction.Data,
                SchedulePoint.At(schedule, at.Time));
            var step = new GuidedStep(at, toData, options, state[i], data[i], smoothing[i]);
            return double.IsFinite(step.StateGradient)
                ? step
                : throw new InvalidOperationException(
                    $"Guidance of the state through the noise has no finite strength at step {i} (time {at.Time:G6}), "
                        + $"where alpha = {at.Alpha:G6}. Leave that step out with {nameof(GuidanceStrength.Between)}, "
                        + "or start the grid later.");
        }
    }
}
