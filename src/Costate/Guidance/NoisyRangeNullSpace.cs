using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>DDNM+, in the singular directions of A: <c>lambda = min(1, c s/(cb noise))</c>, with cb and c the step's weights of data and
/// noise (Wang et al. 2023, section 3.3).</summary>
internal sealed class NoisyRangeNullSpace : PosteriorMethod
{
    public override string ToString() => "DDNM+";

    internal override double Eta => 1;

    internal override (Tensor Data, Tensor Next) Take(PosteriorStep step)
    {
        Tensor data = step.Predict(), noise = step.Noise();
        (double weight, double deviation, double level) = (step.Weights.Data, step.Weights.Noise, step.Measurement.NoiseLevel);
        using Scalar own = deviation;
        Tensor moved = data + Along(step, step.Residual(data), s2 => Lambda(s2) / s2);
        Tensor next = step.Mean(moved).AddTimes(noise, deviation);

        // The measurement's noise comes in with the data; the step's own is less by it.
        Tensor less = Along(step, step.Measurement.Operator.Map(noise), s2 =>
        {
            Tensor whole = full_like(s2, own), passed = Passed(s2).minimum(whole);
            return (((whole - passed) * (whole + passed)).sqrt() - whole) / s2;
        });
        return (data, next + less);

        // Of a direction that is seen: the deviation that the measurement's noise would have in the next state.
        Tensor Passed(Tensor s2) => s2.rsqrt().Times(weight * level);

        Tensor Lambda(Tensor s2) => level == 0 ? ones_like(s2) : full_like(s2, own).minimum(Passed(s2)) / Passed(s2);
    }

    // A' h(A A') of an observation: what h is for unseen directions does not matter.
    private static Tensor Along(PosteriorStep step, Tensor observation, Func<Tensor, Tensor> function)
    {
        LinearOperator a = step.Measurement.Operator;
        Tensor result = a.OfNormal(observation, values =>
        {
            Tensor seen = values.gt(values.max().Times(1e-12));
            return where(seen, function(where(seen, values, ones_like(values))), zeros_like(values));
        }) ?? throw new InputException(
            "measurement",
            $"the operator '{a.Name}'",
            "one whose singular vectors are known",
            $"Give it by {nameof(LinearOperator)}.{nameof(LinearOperator.FromMatrix)}, or use {nameof(DiffPir)}.");
        return a.MapTransposed(result).reshape(step.X.shape);
    }
}
