namespace Costate;

/// <summary>
/// A numerical method for the sampling ODE or SDE: a pure function from a schedule and a grid to a table of real numbers.
/// </summary>
/// <remarks>
/// A solver never sees a tensor; every solver therefore has its exact discrete adjoint for free. Immutable and safe to share
/// between threads. Derive from this class to add one of your own.
/// </remarks>
public abstract partial class Solver
{
    /// <summary>The name as the literature has it, with the order.</summary>
    public abstract string Name { get; }

    /// <summary>
    /// All that its numbers depend on beside schedule and grid, as text: solvers with the same text are the same numbers. Null for a solver
    /// from elsewhere, whose table alone tells.
    /// </summary>
    internal virtual string? Identity => null;

    /// <summary>The method for the rest of its grid where the first steps are left out; itself where it has no numbers for each.</summary>
    internal virtual Solver After(int steps) => this;

    /// <summary>The share of noise, which a gradient may be asked for; null where there is none to change.</summary>
    internal virtual NoiseStrength? Strength => null;

    /// <summary>Whether a run needs noise.</summary>
    public virtual bool IsStochastic => false;

    /// <summary>
    /// Whether a sample determines the run that made it, so that <see cref="Sampler.Invert"/> is exact. Such a solver carries its states in
    /// two words of 64 bits.
    /// </summary>
    public virtual bool IsReversible => false;

    /// <summary>DDIM (Song et al. 2021), the exponential Euler method. Order 1, one evaluation a step.</summary>
    public static Solver Ddim() => new ExponentialMultistep("DDIM", null, 1);

    /// <summary>DDIM with a part of the noise drawn anew at each step (Song et al. 2021). Stochastic, one evaluation a step.</summary>
    /// <param name="eta">In [0, 1]: the deviation of the noise, in that of <see cref="Ddpm"/>. 0 is <see cref="Ddim()"/> itself, and
    /// deterministic.</param>
    /// <exception cref="ArgumentOutOfRangeException">Eta is outside [0, 1].</exception>
    public static Solver Ddim(double eta) => eta is >= 0 and <= 1
        ? eta == 0 ? Ddim() : new PartlyStochasticDdim(eta)
        : throw new ArgumentOutOfRangeException(nameof(eta), eta, $"Got eta {eta}; it must lie in [0, 1].");

    /// <summary>
    /// LMS: Adams-Bashforth in the clock sigma/alpha, in time for a rectified flow, with exact weights on any grid. One evaluation a step.
    /// </summary>
    /// <param name="order">1 to 4. The default value is 4.</param>
    /// <exception cref="ArgumentOutOfRangeException">The order is not supported.</exception>
    public static Solver Lms(int order = 4) => new LinearMultistep(Order(order, 4));

    /// <summary>
    /// PNDM (Liu et al. 2022): classical multistep weights on noise predictions, carried by DDIM steps. One evaluation a step, and one more
    /// at the start. Its weights are those of equal steps: of order 2 on any grid.
    /// </summary>
    /// <param name="rungeKuttaStart">Begin with three pseudo Runge-Kutta steps of four evaluations each rather than with a corrected Euler
    /// step. The default value is false.</param>
    public static Solver Pndm(bool rungeKuttaStart = false) =>
        new PseudoMultistep("PNDM", rungeKuttaStart ? PseudoStart.RungeKutta : PseudoStart.ImprovedEuler);

    /// <summary>
    /// DPM2 ancestral (Crowson's k-diffusion): a midpoint step in sigma/alpha below the next level and fresh noise back up to it.
    /// Stochastic, two evaluations a step, one for a last step to time 0.
    /// </summary>
    public static Solver Dpm2Ancestral() => new AncestralMidpoint();

    /// <summary>
    /// SA-Solver (Xue et al. 2023): stochastic Adams methods, predictor and corrector, in data prediction. One evaluation a step.
    /// Stochastic unless tau is 0.
    /// </summary>
    /// <param name="predictorOrder">1 to 4. The default value is 2.</param>
    /// <param name="correctorOrder">1 to 4: the number of predictions that correct a state. The default value is 2.</param>
    /// <param name="tau">How much noise, 0 for the ODE and 1 for the reverse SDE. The default value is 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">An order is not supported, or tau is below 0 or not finite.</exception>
    public static Solver SaSolver(int predictorOrder = 2, int correctorOrder = 2, double tau = 1) => tau >= 0 && double.IsFinite(tau)
        ? new StochasticAdams(Order(predictorOrder, 4), Order(correctorOrder, 4), tau)
        : throw new ArgumentOutOfRangeException(nameof(tau), tau, $"Got tau {tau}; it must be 0 or above.");

    /// <summary>
    /// Multistep sampling of a consistency model (Song et al. 2023): the predicted data is noised anew at each step. For models that are
    /// distilled to predict the end of the trajectory; others give their mean. Stochastic, one evaluation a step.
    /// </summary>
    public static Solver Consistency() => new ConsistencySampling();

    /// <summary>
    /// Strategic stochastic sampling of a trajectory consistency model, TCD (Zheng et al. 2024): a DDIM step to (1 - gamma) t, and noise
    /// from there up to t. Stochastic, one evaluation a step.
    /// </summary>
    /// <param name="gamma">In [0, 1]: 0 is <see cref="Ddim()"/>, 1 is <see cref="Consistency"/>. The default value is 0.3.</param>
    /// <exception cref="ArgumentOutOfRangeException">Gamma is outside [0, 1].</exception>
    public static Solver TrajectoryConsistency(double gamma = 0.3) => gamma is >= 0 and <= 1
        ? new TrajectoryConsistency(gamma)
        : throw new ArgumentOutOfRangeException(nameof(gamma), gamma, $"Got gamma {gamma}; it must lie in [0, 1].");

    /// <summary>
    /// Euler's method in the clock sigma/alpha, and in time for a rectified flow. On both it is the same map as <see cref="Ddim()"/>. Order
    /// 1, one evaluation a step.
    /// </summary>
    public static Solver Euler() => new ExponentialMultistep("Euler", null, 1);

    /// <summary>
    /// Heun's method in the clock sigma/alpha (Karras et al. 2022), in time for a rectified flow. Order 2, two evaluations a step,
    /// one for a last step to time 0.
    /// </summary>
    public static Solver Heun() => new TrapezoidalRule();

    /// <summary>
    /// DPM-Solver multistep (Lu et al. 2022a): noise prediction, one evaluation a step.
    /// </summary>
    /// <param name="order">1, 2 or 3. The default value is 2.</param>
    /// <param name="type">How order 2 uses the derivative. The default value is <see cref="SolverType.Midpoint"/>.</param>
    /// <param name="finalSteps">Whether the order falls at the end. The default value is <see cref="FinalSteps.FullOrder"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The order is not supported.</exception>
    public static Solver DpmSolver(int order = 2, SolverType type = SolverType.Midpoint, FinalSteps finalSteps = FinalSteps.FullOrder) =>
        new ExponentialMultistep($"DPM-Solver-{order}M", Prediction.Noise, Order(order, 3)) { Type = type, FinalSteps = finalSteps };

    /// <summary>
    /// DPM-Solver++ multistep (Lu et al. 2022b): data prediction, one evaluation a step.
    /// </summary>
    /// <remarks>
    /// Order 3 integrates the interpolating polynomial exactly; the published code halves its second derivative, which makes it a method of
    /// order 2.
    /// </remarks>
    /// <inheritdoc cref="DpmSolver"/>
    public static Solver DpmSolverPlusPlus(
        int order = 2,
        SolverType type = SolverType.Midpoint,
        FinalSteps finalSteps = FinalSteps.FullOrder
    ) => new ExponentialMultistep($"DPM-Solver++{order}M", Prediction.Data, Order(order, 3)) { Type = type, FinalSteps = finalSteps };

    /// <summary>DPM-Solver singlestep (Lu et al. 2022a): noise prediction, as many evaluations a step as the order.</summary>
    /// <param name="order">1, 2 or 3. The default value is 2.</param>
    /// <param name="type">How the derivatives are used. The default value is <see cref="SolverType.Midpoint"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The order is not supported.</exception>
    public static Solver DpmSolverSinglestep(int order = 2, SolverType type = SolverType.Midpoint) =>
        new ExponentialSinglestep($"DPM-Solver-{order}S", Prediction.Noise, Order(order, 3)) { Type = type };

    /// <summary>DPM-Solver++ singlestep (Lu et al. 2022b): data prediction, as many evaluations a step as the order.</summary>
    /// <inheritdoc cref="DpmSolverSinglestep"/>
    public static Solver DpmSolverPlusPlusSinglestep(int order = 2, SolverType type = SolverType.Midpoint) =>
        new ExponentialSinglestep($"DPM-Solver++{order}S", Prediction.Data, Order(order, 3)) { Type = type };

    /// <summary>DEIS (Zhang and Chen 2023) with polynomials in log(sigma/alpha): noise prediction, one evaluation a step.</summary>
    /// <param name="order">1 to 4. The default value is 3.</param>
    /// <param name="finalSteps">Whether the order falls at the end. The default value is <see cref="FinalSteps.FullOrder"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The order is not supported.</exception>
    public static Solver Deis(int order = 3, FinalSteps finalSteps = FinalSteps.FullOrder) =>
        new ExponentialMultistep($"DEIS-{order}", Prediction.Noise, Order(order, 4)) { FinalSteps = finalSteps };

    /// <summary>UniPC (Zhao et al. 2023), predictor and corrector: one evaluation a step; data prediction unless told otherwise.</summary>
    /// <param name="order">1, 2 or 3: the order of the predictor. The corrector raises that of all but the last step by one. The default
    /// value is 2.</param>
    /// <param name="variant">The function B(h). The default value is <see cref="UniPcVariant.Bh2"/>.</param>
    /// <param name="finalSteps">Whether the order falls at the end. The default value is <see cref="FinalSteps.FullOrder"/>.</param>
    /// <param name="prediction"><see cref="Prediction.Data"/> (the default) or <see cref="Prediction.Noise"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The order or the prediction is not supported.</exception>
    public static Solver UniPc(
        int order = 2,
        UniPcVariant variant = UniPcVariant.Bh2,
        FinalSteps finalSteps = FinalSteps.FullOrder,
        Prediction prediction = Prediction.Data) =>
        prediction is Prediction.Data or Prediction.Noise
            ? new UniPc(Order(order, 3), prediction) { Variant = variant, FinalSteps = finalSteps }
            : throw new ArgumentOutOfRangeException(
                nameof(prediction),
                prediction,
                $"Got {prediction}; UniPC works in {Prediction.Data} or {Prediction.Noise} prediction.");

    /// <summary>
    /// DDPM ancestral sampling (Ho et al. 2020): x_s drawn from its posterior given x_t and the predicted data. The same map as
    /// <see cref="SdeDpmSolverPlusPlus"/> of order 1. Stochastic.
    /// </summary>
    /// <param name="largeVariance">Use the variance beta_t of the forward step rather than the posterior's. The default value is
    /// false.</param>
    public static Solver Ddpm(bool largeVariance = false) =>
        new ExponentialMultistep("DDPM", Prediction.Data, 1) { Stochastic = true, LargeVariance = largeVariance };

    /// <summary>
    /// SDE-DPM-Solver multistep (Lu et al. 2022b, section 5): noise prediction. Stochastic, strong order 1, one evaluation a step.
    /// </summary>
    /// <inheritdoc cref="SdeDpmSolverPlusPlus"/>
    public static Solver SdeDpmSolver(int order = 1, SolverType type = SolverType.Midpoint, FinalSteps finalSteps = FinalSteps.FullOrder) =>
        new ExponentialMultistep($"SDE-DPM-Solver-{order}", Prediction.Noise, Order(order, 2))
        {
            Stochastic = true,
            Type = type,
            FinalSteps = finalSteps,
        };

    /// <summary>
    /// SDE-DPM-Solver++ multistep (Lu et al. 2022b, section 5): data prediction. Stochastic, strong order 1, one evaluation a step.
    /// </summary>
    /// <param name="order">1 or 2. Order 2 is so for the drift; the strong order stays 1. The default value is 1.</param>
    /// <param name="type">How order 2 uses the derivative. The default value is <see cref="SolverType.Midpoint"/>.</param>
    /// <param name="finalSteps">Whether the order falls at the end. The default value is <see cref="FinalSteps.FullOrder"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The order is not supported.</exception>
    public static Solver SdeDpmSolverPlusPlus(
        int order = 1,
        SolverType type = SolverType.Midpoint,
        FinalSteps finalSteps = FinalSteps.FullOrder) =>
        new ExponentialMultistep($"SDE-DPM-Solver++{order}", Prediction.Data, Order(order, 2))
        {
            Stochastic = true,
            Type = type,
            FinalSteps = finalSteps,
        };

    /// <summary>
    /// A Runge-Kutta scheme for the diffusion ODE or SDE without its linear part (a Lawson method): the increment that
    /// <see cref="Rex"/> makes reversible. As many evaluations a step as the tableau has stages.
    /// </summary>
    /// <param name="tableau">The scheme; a stochastic one solves the SDE.</param>
    /// <param name="prediction"><see cref="Prediction.Data"/> (the default) or <see cref="Prediction.Noise"/>.</param>
    /// <exception cref="ArgumentException">The scheme needs one clock for drift and noise, which noise prediction does not
    /// have.</exception>
    public static Solver ExponentialRungeKutta(ButcherTableau tableau, Prediction prediction = Prediction.Data) =>
        new ExponentialRungeKutta(tableau, prediction);

    /// <summary>
    /// Rex (Blasingame and Liu 2025): an algebraically reversible solver of any order for ODE and SDE. Its sample can be inverted
    /// exactly, and its gradient needs no stored trajectory (<see cref="GradientMethod.Reversible"/>). Twice as many evaluations a step
    /// as the tableau has stages.
    /// </summary>
    /// <remarks>
    /// <para>Data prediction is the default because it is far better at few steps. With Euler's tableau the coupling makes the scheme of
    /// order 2 at few steps; it falls back to order 1 once the number of steps exceeds about 1/(1 - coupling).</para>
    /// <para>In noise prediction the difference of the two copies grows as sigma/alpha falls, for an SDE with the square of it, until steps
    /// in the half log-SNR are shorter than 1 - coupling (half of it for an SDE). With the default coupling that takes tens of thousands of
    /// steps for an SDE, whose samples are worthless at fewer; a coupling well below 1/(2 e^h - 1), for steps h, cures it.</para>
    /// </remarks>
    /// <param name="tableau">The scheme; a stochastic one solves the SDE.</param>
    /// <param name="coupling">zeta in (0, 1]: how strongly the two copies of the state are tied. The default value is 0.999. Each inverse
    /// step divides by it.</param>
    /// <param name="prediction"><see cref="Prediction.Data"/> (the default) or <see cref="Prediction.Noise"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The coupling is outside (0, 1].</exception>
    /// <exception cref="ArgumentException">The scheme needs one clock for drift and noise, which noise prediction does not
    /// have.</exception>
    public static Solver Rex(ButcherTableau tableau, double coupling = 0.999, Prediction prediction = Prediction.Data) =>
        new Rex(tableau, coupling, prediction);

    /// <summary>
    /// EDICT (Wallace et al. 2023): two coupled DDIM sequences. Reversible; noise prediction, two evaluations a step.
    /// </summary>
    /// <remarks>
    /// Known defect: of order 0 in its local error (the averaging pulls the copies together at a rate that does not fall with the step),
    /// with an empty stability region; each inverse step divides by the mixing and amplifies rounding by it.
    /// </remarks>
    /// <param name="mixing">p in (0, 1]. The default value is 0.93.</param>
    /// <param name="alternates">Whether the copies take turns in going first, as in the published code. The default value is true.</param>
    /// <exception cref="ArgumentOutOfRangeException">The mixing is outside (0, 1].</exception>
    public static Solver Edict(double mixing = 0.93, bool alternates = true) => new Edict(mixing, alternates);

    /// <summary>BDIA (Zhang et al. 2024): bidirectional integration. Reversible; noise prediction, one evaluation a step.</summary>
    /// <remarks>
    /// Known defect: of order 1 and stable on the imaginary axis only, so errors grow; a small gamma amplifies by 1/gamma at each inverse
    /// step. Its state is two neighbouring states: one alone cannot be inverted exactly.
    /// </remarks>
    /// <param name="gamma">In (0, 1]. The default value is 1; 0.5 is published for 10 steps.</param>
    /// <exception cref="ArgumentOutOfRangeException">Gamma is outside (0, 1].</exception>
    public static Solver Bdia(double gamma = 1) => TwoStepInversion.WithGamma(gamma);

    /// <summary>
    /// O-BELM (Wang et al. 2024), the bidirectional explicit linear multistep method of least local error. Reversible; noise prediction,
    /// one evaluation a step.
    /// </summary>
    /// <remarks>
    /// Known defect: its coefficients are ratios of neighbouring steps in sigma/alpha, squared, and blow up on uneven grids; like BDIA it
    /// needs two neighbouring states.
    /// </remarks>
    public static Solver Belm() => TwoStepInversion.Optimal();

    /// <summary>The solver's table on a grid.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="grid">The grid.</param>
    /// <exception cref="InvalidOperationException">The solver has no finite coefficients there, or cannot run in the grid's
    /// direction.</exception>
    public abstract SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid);

    /// <inheritdoc/>
    public override string ToString() => Name;

    private protected void RefuseRisingGridIfStochastic(TimeGrid grid)
    {
        if (IsStochastic && grid.TowardsNoise)
        {
            throw new InvalidOperationException(
                $"{Name} is stochastic and cannot run on a grid from data to noise ({grid}). Use a deterministic solver to invert.");
        }
    }

    private static int Order(int order, int highest) => order >= 1 && order <= highest
        ? order
        : throw new ArgumentOutOfRangeException(nameof(order), order, $"Got order {order}; this solver has orders 1 to {highest}.");
}
