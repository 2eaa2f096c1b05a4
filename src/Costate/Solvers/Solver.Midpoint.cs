namespace Costate;

/// <content>Steps by the slope at one point within them, made for rectified flows.</content>
public abstract partial class Solver
{
    /// <summary>
    /// The explicit midpoint rule in the clock sigma/alpha, in time for a rectified flow. Order 2, two evaluations a step. On a rectified
    /// flow it is RF-Solver (Wang et al. 2024), whose second derivative is the difference to the midpoint's velocity:
    /// <c>x + h v + (h^2/2) (v_mid - v)/(h/2) = x + h v_mid</c>.
    /// </summary>
    public static Solver Midpoint() => new MidpointRule("Midpoint", 0.5, reuses: false);

    /// <summary>
    /// FireFlow (Deng et al. 2024): the midpoint rule whose midpoint is predicted by the velocity at the midpoint of the step before. Order
    /// 2, one evaluation a step and one more; made to invert and edit with rectified flows.
    /// </summary>
    public static Solver FireFlow() => new MidpointRule("FireFlow", 0.5, reuses: true);

    /// <summary>
    /// Uni-Inv (Jiao et al. 2025, UniEdit-Flow): Euler's implicit step, whose end is predicted by the velocity of the step before. Order
    /// 1, one evaluation a step and one more. From data to noise it evaluates where Euler's method did on the way to the data, and inverts
    /// it with an error of higher order than running Euler's method backwards.
    /// </summary>
    public static Solver UniInv() => new MidpointRule("Uni-Inv", 1, reuses: true);
}
