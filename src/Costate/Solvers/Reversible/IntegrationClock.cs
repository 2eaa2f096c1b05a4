namespace Costate;

/// <summary>
/// The variables in which the diffusion equations have no linear term: <c>Y = x/kappa</c> on the clock s, <c>dY = factor m ds + dW</c>
/// (Blasingame and Liu 2025, proposition 3.1 and its SDE form).
/// </summary>
internal readonly record struct IntegrationClock(Prediction Prediction, bool IsStochastic)
{
    /// <summary>Drift per unit of clock: 2 for the SDE in noise prediction, whose clock is that of the ODE.</summary>
    internal double Factor => IsStochastic && Prediction == Prediction.Noise ? 2 : 1;

    internal double Kappa(SchedulePoint at) => Prediction == Prediction.Noise ? at.Alpha
        : IsStochastic ? at.Sigma * Math.Exp(-at.Lambda)
        : at.Sigma;

    internal double Value(SchedulePoint at) => Math.Exp(Rate * at.Lambda);

    /// <summary>The clock that the Brownian motion runs on: the drift's, except for the SDE in noise prediction.</summary>
    internal double BrownianValue(SchedulePoint at) => Math.Exp((Prediction == Prediction.Noise ? -2 : 2) * at.Lambda);

    internal SchedulePoint PointAt(NoiseSchedule schedule, double value) =>
        SchedulePoint.At(schedule, schedule.TimeAtHalfLogSnr(Math.Log(value) / Rate));

    private double Rate => Prediction == Prediction.Noise ? -1 : IsStochastic ? 2 : 1;
}
