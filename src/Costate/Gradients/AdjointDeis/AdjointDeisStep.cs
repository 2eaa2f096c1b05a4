using static Costate.Elementary;

namespace Costate;

/// <summary>
/// One step of AdjointDEIS as numbers, from time t towards noise, s &gt; t, with the previous node r &lt; t
/// (Blasingame and Liu 2024, eqs. 14 to 17 and the multistep form of section 3.2):
/// <c>a_x(s) = State a_x(t) + Now J_x(t) + Before J_x(r)</c> and <c>a_z(s) = a_z(t) + ConditionNow J_z(t) + ConditionBefore J_z(r)</c>,
/// where J is the product of a_x with the Jacobian of the noise prediction at that node, or in the form for data prediction of that.
/// </summary>
internal readonly record struct AdjointDeisStep(double State, double Now, double Before, double ConditionNow, double ConditionBefore)
{
    internal static AdjointDeisStep From(
        SchedulePoint? before, SchedulePoint t, SchedulePoint s, int order, bool stochastic, Prediction prediction)
    {
        if (prediction == Prediction.Data)
        {
            return InData(before, t, s, order, stochastic);
        }

        double h = s.Lambda - t.Lambda;
        double integral = (stochastic ? 2 : 1) * s.Sigma * ExpMinusOne(h);
        (double now, double past) = Extrapolation(before, t, h, order);
        double alphas = t.Alpha / s.Alpha;
        double beforeAlpha = before?.Alpha ?? 0;
        return new AdjointDeisStep(
            alphas,
            integral * alphas * alphas * now,
            integral * Math.Pow(beforeAlpha / s.Alpha, 2) * past,
            integral * alphas * now,
            integral * (beforeAlpha / s.Alpha) * past);
    }

    // Y = x/kappa obeys dY = x0 d(clock), without a linear part, so kappa a_x obeys d(kappa a_x) = -kappa J' (kappa a_x) d(clock).
    private static AdjointDeisStep InData(SchedulePoint? before, SchedulePoint t, SchedulePoint s, int order, bool stochastic)
    {
        double length = Clock(t) - Clock(s);
        (double now, double past) = Extrapolation(before, t, s.Lambda - t.Lambda, order);
        double kappa = Kappa(t), previous = before is SchedulePoint r && past != 0 ? Kappa(r) : 0;
        return new AdjointDeisStep(
            kappa / Kappa(s),
            length * kappa * kappa / Kappa(s) * now,
            length * previous * previous / Kappa(s) * past,
            length * kappa * now,
            length * previous * past);

        double Kappa(SchedulePoint at) => stochastic ? at.Sigma * at.Sigma / at.Alpha : at.Sigma;

        double Clock(SchedulePoint at) => Math.Exp((stochastic ? 2 : 1) * at.Lambda);
    }

    /// <summary>
    /// Weights of the present and the previous value in (1 + 1/(2 rho)) V(t) - 1/(2 rho) V(r), rho = (lambda_t - lambda_r)/h.
    /// </summary>
    internal static (double Now, double Before) Extrapolation(SchedulePoint? before, SchedulePoint t, double h, int order)
    {
        if (order == 1 || before is not SchedulePoint r || !double.IsFinite(r.Lambda) || !double.IsFinite(h))
        {
            return (1, 0);
        }

        double half = h / (2 * (t.Lambda - r.Lambda));
        return (1 + half, -half);
    }
}
