namespace Costate;

/// <summary>
/// The published training-free guidance methods as points of <see cref="GuidedSampler"/>, with the settings of their papers or code. Change
/// what you need with <c>preset with { ... }</c>.
/// </summary>
/// <remarks>
/// The strengths were tuned by their authors for one loss each: expect to tune yours, by hand or with <see cref="StrengthSearch"/>. None
/// clips the predicted data; published code for images in [-1, 1] does, <c>with { Clip = 1 }</c>.
/// </remarks>
public static class GuidancePreset
{
    private static readonly Dictionary<string, Func<GuidanceOptions>> ByName = new(StringComparer.OrdinalIgnoreCase)
    {
        ["unguided"] = Unguided,
        ["dps"] = () => Dps(),
        ["freedom"] = () => FreeDom(),
        ["lgd-mc"] = () => LgdMc(),
        ["mpgd"] = () => Mpgd(),
        ["flowchef"] = () => FlowChef(),
        ["universal"] = () => Universal(),
        ["tfg"] = () => Tfg(),
    };

    /// <summary>The names that <see cref="Parse"/> knows.</summary>
    public static IReadOnlyList<string> Names => [.. ByName.Keys];

    /// <summary>A preset with its defaults, by name.</summary>
    /// <param name="name">One of <see cref="Names"/>, in any case.</param>
    /// <exception cref="ArgumentException">There is no such preset; the message lists those there are.</exception>
    public static GuidanceOptions Parse(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return ByName.TryGetValue(name, out Func<GuidanceOptions>? make)
            ? make()
            : throw new ArgumentException($"There is no guidance preset '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
    }

    /// <summary>No guidance: DDIM.</summary>
    public static GuidanceOptions Unguided() => new();

    /// <summary>
    /// DPS (Chung et al. 2023, algorithm 1): <c>x_s = DDPM(x_t) - strength grad_x L(x0(x_t))</c>, made for the norm of the residual as loss
    /// (<see cref="Measurement.Norm"/>). One evaluation and one vector-Jacobian product a step; 1000 steps as published.
    /// </summary>
    /// <remarks>The published code takes the variance that its networks learned; this is the posterior's.</remarks>
    /// <param name="strength">Zeta. The default value is 0.3, as published for super-resolution and deblurring; 0.5 for random inpainting,
    /// 1 for phase retrieval.</param>
    public static GuidanceOptions Dps(double strength = 0.3) => new() { StateStrength = strength, Eta = 1 };

    /// <summary>
    /// FreeDoM (Yu et al. 2023): <c>x_s = DDIM(x_t) - strength alpha_t grad_x L(x0(x_t))</c> with time travel in the middle of the run. One
    /// evaluation and one vector-Jacobian product for each repeat of a step; 100 steps as published.
    /// </summary>
    /// <param name="strength">rho_scale. The default value is 0.2, for face parsing; 20 for sketches, 500 for landmarks, 100 for identity,
    /// each with the norm of its residual.</param>
    /// <param name="until">No guidance from this time on. The default value is 0.2; 0.1 for sketches and identity.</param>
    /// <param name="repeats">How often the steps at times 0.8 to 0.5 are taken. The default value is 10.</param>
    public static GuidanceOptions FreeDom(double strength = 0.2, double until = 0.2, int repeats = 10) => new()
    {
        StateStrength = GuidanceStrength.Signal(strength).Between(1, until),
        Recurrences = new Recurrence(repeats, 0.8, 0.5),
        Eta = 0.5,
    };

    /// <summary>
    /// LGD-MC (Song et al. 2023, "Loss-guided diffusion"): DPS with the loss averaged over draws around x0(x_t) of the noise's deviation
    /// sigma_t, in the mean of <c>exp(-L)</c>. One evaluation and one vector-Jacobian product a step, and an evaluation of the loss for
    /// each draw.
    /// </summary>
    /// <remarks>A public reimplementation divides the gradient by the number of draws once more; this does not.</remarks>
    /// <param name="strength">The strength on the state. The default value is 1.</param>
    /// <param name="draws">Number of draws. The default value is 4.</param>
    public static GuidanceOptions LgdMc(double strength = 1, int draws = 4) => new()
    {
        StateStrength = strength,
        Smoothing = GuidanceStrength.Noise(1),
        SmoothingDraws = draws,
        Eta = 1,
    };

    /// <summary>
    /// MPGD without projection (He et al. 2024): <c>x0 - (strength/alpha_t) grad L(x0)</c> in place of x0, then DDIM with the noise as
    /// predicted. One evaluation a step and no gradient of the network; made for the norm of the residual as loss.
    /// </summary>
    /// <param name="strength">The scale. The default value is 7.5, for 50 steps; 4 for 100, 17.5 for 20.</param>
    public static GuidanceOptions Mpgd(double strength = 7.5) =>
        new() { DataStrength = GuidanceStrength.InverseSignal(strength), Eta = 0.5 };

    /// <summary>
    /// FlowChef (Patel et al. 2025): <c>x_s = DDIM(x_t) - strength grad L(x0)</c>, with the gradient at the predicted data in place of that
    /// at the state. One evaluation a step and no gradient of the network; made for rectified flows and the norm of the residual as loss.
    /// </summary>
    /// <param name="strength">The step size. The default value is 50, for latents of images.</param>
    public static GuidanceOptions FlowChef(double strength = 50) =>
        new() { DataStrength = GuidanceStrength.FromFunction(step => strength / step.NextAlpha) };

    /// <summary>
    /// Universal guidance (Bansal et al. 2023, algorithm 1), forward and backward: the noise prediction is changed by
    /// <c>strength sigma_t grad_x L(x0(x_t)) - (alpha_t/sigma_t) d</c>, with d the change of x0 by gradient steps; then DDIM, and back to
    /// repeat it. One evaluation and one vector-Jacobian product for each repeat of a step.
    /// </summary>
    /// <param name="strength">Of the forward guidance. The default value is 100, for detection; 400 for segmentation, 20000 for
    /// faces.</param>
    /// <param name="repeats">How often each step is taken. The default value is 5, for detection; 10 for segmentation, 2 for faces.</param>
    /// <param name="backward">Step size of the backward guidance. The default value is 0.1; it is not published, and its scale is that of
    /// the loss.</param>
    /// <param name="iterations">Gradient steps of the backward guidance. The default value is 1.</param>
    public static GuidanceOptions Universal(double strength = 100, int repeats = 5, double backward = 0.1, int iterations = 1) => new()
    {
        StateStrength = strength,
        DataStrength = backward,
        Iterations = iterations,
        Recurrences = repeats,
        ThroughNoise = true,
    };

    /// <summary>
    /// TFG (Ye et al. 2024, algorithm 1): state and data guided under a smoothed loss, with strengths that grow with
    /// <c>alpha_t^2/alpha_s^2</c>. One evaluation and one vector-Jacobian product for each repeat of a step; find the strengths with
    /// <see cref="StrengthSearch"/>.
    /// </summary>
    /// <param name="state">rho, the mean strength on the state. The default value is 1.</param>
    /// <param name="data">mu, the mean strength on the data. The default value is 1.</param>
    /// <param name="smoothing">gamma, the smoothing in units of sigma_t. The default value is 0.01.</param>
    /// <param name="draws">Draws of the smoothing. The default value is 4.</param>
    /// <param name="iterations">Iterations on the data. The default value is 1.</param>
    /// <param name="repeats">How often each step is taken. The default value is 1.</param>
    public static GuidanceOptions Tfg(
        double state = 1,
        double data = 1,
        double smoothing = 0.01,
        int draws = 4,
        int iterations = 1,
        int repeats = 1) =>
        new()
        {
            StateStrength = GuidanceStrength.Increasing(state).Times(step => step.NextAlpha / step.Alpha),
            DataStrength = GuidanceStrength.Increasing(data),
            Smoothing = GuidanceStrength.Noise(smoothing),
            SmoothingDraws = draws,
            Iterations = iterations,
            Recurrences = repeats,
            Eta = 1,
        };
}
