using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// A small network under classifier-free guidance, and the same formula written by hand: a network whose condition is a bundle of both
/// branches and the scale.
/// </summary>
internal static class GuidedByHand
{
    internal const int Steps = 5;

    internal const double Scale = 2.5;

    internal static NoiseSchedule Schedule { get; } = NoiseSchedule.VpLinear(0.1, 20);

    internal static TimeGrid Grid { get; } = TimeGrid.UniformLogSnr(Schedule, Steps, 1, 1e-2);

    internal static Condition Bundle(Tensor z, Condition? none)
    {
        Tensor scale = full([2, 1], Scale, ScalarType.Float64);
        return !none!.IsScheduled ? Condition.Of(("c", z), ("u", none.Values), ("scale", scale))
            : Condition.Scheduled([.. Enumerable.Range(0, Steps).Select(i => Condition.Of(("c", z), ("u", none.Values[i]), ("scale", scale)))]);
    }

    internal static Tensor None(int size) => 0.5 * StartNoise.Draw([size, 2], 17, ScalarType.Float64);

    internal static Sampler ByHand(SmallNet net, Solver solver) => NewSampler(
        Denoiser.FromFunction(
            (Tensor x, Tensor t, Condition? z) =>
            {
                Tensor u = net.call(x, t, z!["u"]);
                return u + (z["scale"] * (net.call(x, t, z["c"]) - u));
            },
            Prediction.Noise,
            parameters: net.parameters()),
        solver,
        Grid);

    internal static Sampler Guided(
        SmallNet net, Condition? none, Solver? solver = null, double scale = Scale, (double From, double To)? interval = null) => NewSampler(
            Denoiser.FromModule(net, Prediction.Noise).WithClassifierFreeGuidance(none, scale, interval),
            solver ?? Solver.DpmSolverPlusPlus(2),
            Grid);

    internal static Sampler NewSampler(Denoiser denoiser, Solver solver, TimeGrid grid) => new(denoiser, Schedule, solver, grid);
}
