using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Tells a network that truly ignores an input, whose Jacobian is zero, from one whose graph was lost (it runs under <c>no_grad</c>, or
/// detaches its input), whose Jacobian would count as zero: the latter changes its answer with the input. One evaluation an input and run,
/// and only where a graph does not reach an input.
/// </summary>
internal sealed class GraphReach
{
    private bool ignoresX;
    private readonly HashSet<(ConditionRole, string)> ignored = [];

    /// <summary>Refuses a network whose output depends on an input that its graph does not reach.</summary>
    internal void Check(
        SamplingRun run,
        EvaluationPoint at,
        Tensor output,
        Tensor x,
        Condition? z,
        bool reachesX,
        Func<int, bool> reachesZ)
    {
        if (!reachesX && !ignoresX)
        {
            ignoresX = Ignores(run, at, output, "x", () => (Shifted(x), z));
        }

        foreach ((int i, ConditionEntry entry) in (z?.Entries ?? []).Index())
        {
            if (!reachesZ(i) && !ignored.Contains((entry.Role, entry.Name)))
            {
                // Training steps end where time does.
                Tensor values = Shifted(entry.Values);
                bool goesBack = entry.Role == ConditionRole.Time && at.NetworkTime > 0.5;
                ConditionEntry shifted = entry with { Values = goesBack ? values.neg() : values };
                _ = Ignores(run, at, output, entry.Text, () => (x, z!.Map(e => ReferenceEquals(e, entry) ? shifted : e)));
                ignored.Add((entry.Role, entry.Name));
            }
        }
    }

    // Always true: otherwise it throws.
    private static bool Ignores(SamplingRun run, EvaluationPoint at, Tensor output, string name, Func<(Tensor X, Condition? Z)> shifted)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        (Tensor x, Condition? z) = shifted();
        Tensor other = run.EvaluateAgain(x, at, z);
        double tolerance = output.dtype == ScalarType.Float64 ? 1e-12 : 1e-6;
        if ((other - output).abs().max().ToDouble() > tolerance * output.abs().max().ToDouble())
        {
            throw new InvalidOperationException(
                FormattableString.Invariant(
                    $"The network's output at step {at.Interval} (time {at.Time:R}) depends on {name}, but its graph does not reach it: ")
                    + "its Jacobian would count as zero. The network runs under no_grad or inference_mode, "
                    + "detaches its input or computes outside torch. "
                    + "Let autograd see the whole computation; what shall have no gradient can be captured by the function."
                    + (name == ConditionEntry.ToldTime ? " Or take it as constant: GradientParts.NetworkTimesAreConstant." : ""));
        }

        return true;
    }

    // Upwards only, so that labels kept as floating-point numbers stay the same when they are rounded down.
    private static Tensor Shifted(Tensor tensor)
    {
        Tensor noise = StartNoise.Draw(tensor.shape, seed: 0, dtype: tensor.dtype, device: tensor.device).abs();
        return tensor.detach().clone().AddTimes(noise, 0.01 * Math.Max(1, tensor.detach().square().mean().sqrt().ToDouble()));
    }
}
