using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A network that denoises, with all that a sampler must know of it: what it predicts, which time it wants to be told, its
/// guidance and the parameters that may receive gradients.
/// </summary>
/// <remarks>
/// The network is called as <c>network(x, t, z)</c>: <c>x</c> [batch, ...]; <c>t</c> [batch] in the dtype of <c>x</c>, with at least 32
/// bits; <c>z</c> the condition [batch, ...], a bundle of such tensors, or null. It must return the shape of <c>x</c>. What it is given is
/// its own: it may change x and z in place, and return a buffer that it writes again. A denoiser does not own the network. It is as
/// thread-safe as the network is; gradients with respect to the same parameters wait for each other.
/// </remarks>
public sealed partial class Denoiser
{
    private readonly NetworkClock clock;
    private IReadOnlyList<Parameter>? parameters;
    private readonly Func<Tensor, Tensor, Condition?, Tensor> network;
    private IReadOnlyList<Tensor>? weights;
    private Func<Tensor, double, Tensor, Tensor>? correction;
    private Action<int>? observer;
    private Action<Tensor, double, Tensor>? watcher;

    private Denoiser(
        Func<Tensor, Tensor, Condition?, Tensor> network, Prediction prediction, NetworkClock clock, IEnumerable<Parameter>? parameters)
    {
        TorchLibraries.Require();
        this.network = network;
        this.clock = clock;
        this.parameters = parameters?.Distinct().ToArray();
        Prediction = prediction;
    }

    /// <summary>What the network predicts.</summary>
    public Prediction Prediction { get; private set; }

    /// <summary>
    /// The parameters that may receive gradients, each once: those given, or the module's with <c>requires_grad</c>. Empty for a function
    /// given without its parameters.
    /// </summary>
    /// <remarks>What is frozen when a gradient is taken gets zeros.</remarks>
    public IReadOnlyList<Parameter> Parameters => parameters ?? [];

    /// <summary>Its classifier-free guidance, or null.</summary>
    internal ClassifierFreeGuidance? Guidance { get; private set; }

    /// <summary>The dtype that the network computes in, from <see cref="InDtype"/>; null for that of x_T.</summary>
    internal ScalarType? Dtype { get; private set; }

    /// <summary>Whether its answer is corrected by something that depends on time itself.</summary>
    internal bool IsCorrected => correction is not null;

    /// <summary>The module behind it, where it is known: its buffers are kept through recomputations.</summary>
    internal nn.Module? Module { get; private init; }

    /// <summary>What the network is told for time t, as text.</summary>
    internal string TimeConventionText => clock.ToString();

    /// <summary>A fingerprint of the weights as they are now; null if none was asked for.</summary>
    internal string? Fingerprint => weights is null ? null : Costate.Fingerprint.Of(weights);

    /// <summary>
    /// The same denoiser for some items of the batch, by their numbers: what it has for each of them is narrowed to theirs.
    /// </summary>
    internal Denoiser ForItems(IReadOnlyList<int> items) =>
        Guidance is null or { IsShared: true } ? this : With(copy => copy.Guidance = Guidance.ForItems(items));

    /// <summary>Whether the parameters are hidden in a function, so that their gradient cannot be given.</summary>
    internal bool ParametersAreHidden => parameters is null;

    /// <summary>
    /// The same denoiser under classifier-free guidance (Ho and Salimans 2022): <c>u + scale (c - u)</c> with <c>c</c> the
    /// prediction under the condition and <c>u</c> that under <paramref name="unconditional"/>.
    /// </summary>
    /// <remarks>
    /// Two network evaluations a prediction, in one call of a batch of twice the items where the shapes of both conditions are the same;
    /// one evaluation outside of the interval, and where the scale is 1 or 0, which leaves one of the branches without weight. Gradients
    /// reach the unconditional branch (<see cref="SampleGradient.Unconditional"/>), as null-text inversion and the optimisation of
    /// negative prompts need, and, asked for by <see cref="GradientParts.GuidanceScale"/>, the scale.
    /// </remarks>
    /// <param name="unconditional">
    /// The condition that stands for none, or a negative prompt: [1, ...], shared by all items, or [batch, ...]; it may be scheduled. Of a
    /// bundle, the tensors that it lacks are those of the condition. Null where the network takes a null condition for none.
    /// </param>
    /// <param name="scale">The guidance scale; 1 is the plain conditional prediction.</param>
    /// <param name="interval">
    /// The times in [0, 1], the earlier one first, between which it guides (Kynkäänniemi et al. 2024); the plain conditional prediction
    /// elsewhere. The default is all times.
    /// </param>
    /// <param name="doublesBatch">Whether both branches are evaluated in one call, with the memory of two. The default is yes.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="scale"/> is not finite.</exception>
    /// <exception cref="InvalidOperationException">There is a guidance already.</exception>
    /// <exception cref="InputException"><paramref name="unconditional"/> has a tensor without batch, or the interval is none; or, when it
    /// is used, another batch than x or a name that the condition lacks.</exception>
    public Denoiser WithClassifierFreeGuidance(
        Condition? unconditional, double scale, (double From, double To)? interval = null, bool doublesBatch = true)
    {
        CheckScale(scale);
        if (Guidance is not null)
        {
            throw new InvalidOperationException(
                "This denoiser is under classifier-free guidance already. Guide the denoiser that it was made from.");
        }

        if (unconditional?.Entries.FirstOrDefault(entry => entry.Values.dim() <= entry.BatchDimension) is ConditionEntry flat)
        {
            throw new InputException(
                nameof(unconditional),
                $"shape {Shapes.Text(flat.Values)}",
                flat.IsScheduled ? "[steps, 1, ...] or [steps, batch, ...]" : "[1, ...] or [batch, ...]",
                "Reshape it: unconditional.reshape(1).");
        }

        if (interval is (double from, double to) && !(from >= 0 && from <= to && to <= 1))
        {
            throw new InputException(nameof(interval), $"({from}, {to})", "two times in [0, 1], the earlier one first");
        }

        Condition? other = unconditional?.Map(entry => entry with { Role = ConditionRole.Unconditional });
        return With(copy => copy.Guidance = new ClassifierFreeGuidance(other, scale, interval, doublesBatch));
    }

    /// <summary>
    /// The same denoiser with a network that computes in another dtype, such as a network of 16 bits under states of 32: its inputs x and z
    /// are converted to it, its output back. Times are told in at least 32 bits.
    /// </summary>
    /// <remarks>
    /// Gradients are in the dtype of what they belong to. In <c>Float16</c> cotangents are scaled by a power of two on their way through
    /// the network, each item's by its own (one for the batch where parameters get gradients), so that small ones do not become 0.
    /// </remarks>
    /// <param name="dtype">The dtype of the network's weights, floating point. Convert the network yourself:
    /// <c>module.to(dtype)</c>.</param>
    /// <exception cref="InputException"><paramref name="dtype"/> is not a real floating-point dtype.</exception>
    public Denoiser InDtype(ScalarType dtype) =>
        dtype is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64
        ? With(copy => copy.Dtype = dtype)
        : throw new InputException(nameof(dtype), dtype.ToString(), "Float16, BFloat16, Float32 or Float64");

    /// <summary>
    /// The same denoiser, with a fingerprint of its weights in <see cref="Sampler.Settings"/>: a <see cref="NoiseState"/> of it is then
    /// refused by a sampler with other weights, rather than decoded to something else.
    /// </summary>
    /// <remarks>
    /// SHA-256 of dtypes, shapes and bits, taken anew with each inversion or decoding, so that it follows training: about a second for each
    /// GiB. A state or a sampler without a fingerprint is not compared.
    /// </remarks>
    /// <param name="weights">All that makes up the network: its parameters and buffers, always in the same order. Not copied, not
    /// disposed.</param>
    public Denoiser WithFingerprint(IEnumerable<Tensor> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        IReadOnlyList<Tensor> all = [.. weights];
        return With(copy => copy.weights = all);
    }

    /// <summary>
    /// The same denoiser under classifier guidance (Dhariwal and Nichol 2021, algorithm 2): the noise prediction becomes
    /// <c>eps - scale sigma_t grad_x log p(y | x_t, t)</c>, whatever the network predicts. One evaluation and one gradient of the
    /// classifier a prediction; differentiable, by second derivatives of the classifier.
    /// </summary>
    /// <remarks>Composes with classifier-free guidance, in either order, and with other classifiers. The classifier's parameters get no
    /// gradient. The first time that a gradient goes through it, libtorch warns on the error stream of a reference cycle; it is broken here
    /// at once.</remarks>
    /// <param name="logProbability">From noisy states x [batch, ...] and times t [batch] in [0, 1], in the dtype of x, to the
    /// log-probability of what is wanted of each item, [batch].</param>
    /// <param name="schedule">The schedule, for sigma_t.</param>
    /// <param name="scale">The guidance scale. The default value is 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="scale"/> is not finite.</exception>
    public Denoiser WithClassifierGuidance(Func<Tensor, Tensor, Tensor> logProbability, NoiseSchedule schedule, double scale = 1)
    {
        ArgumentNullException.ThrowIfNull(logProbability);
        ArgumentNullException.ThrowIfNull(schedule);
        CheckScale(scale);
        Tensor Guided(Tensor x, double time, Tensor output)
        {
            SchedulePoint at = SchedulePoint.At(schedule, time);
            double weight = -scale * at.Sigma * PredictionConversion.Checked(Prediction.Noise, Prediction, at).Output;
            using Scalar told = time;
            Tensor t = full([x.size(0)], told, x.dtype, x.device);
            return output + VectorJacobianProduct.DifferentiableGradient(y => logProbability(y, t), x).Times(weight);
        }

        return Predicting(Prediction, Guided);
    }

    /// <summary>The same denoiser with another prediction, made of the state, the time and its own.</summary>
    internal Denoiser Predicting(Prediction prediction, Func<Tensor, double, Tensor, Tensor> made) => With(copy =>
    {
        copy.Prediction = prediction;
        copy.correction = correction is null ? made : (x, time, output) => made(x, time, correction(x, time, output));
    });

    /// <summary>The same denoiser for runs that need no gradient of its parameters.</summary>
    internal Denoiser WithoutParameters() => With(copy => copy.parameters = []);

    /// <summary>The same denoiser, telling of each prediction how many evaluations of the network it took.</summary>
    internal Denoiser Observed(Action<int> evaluated) => With(copy => copy.observer += evaluated);

    /// <summary>Whether <see cref="OutputChecks"/> leaves flags in main memory too, as on other devices.</summary>
    internal bool LeavesFlags { get; private set; }

    /// <summary>The same denoiser, whose outputs leave flags.</summary>
    internal Denoiser LeavingFlags() => With(copy => copy.LeavesFlags = true);

    /// <summary>The same denoiser, showing each prediction: the state, the time and the output, alive during the call.</summary>
    internal Denoiser Watched(Action<Tensor, double, Tensor> shown) => With(copy => copy.watcher += shown);

    /// <summary>The network's own output, guided, in the dtype of x. The caller's dispose scope receives it.</summary>
    /// <param name="x">Its input, [batch, ...]. The network gets a copy.</param>
    /// <param name="time">Time in [0, 1], for the schedule.</param>
    /// <param name="networkTime">Time in [0, 1] as the network counts it; the denoiser converts it.</param>
    /// <param name="z">The condition, with what guidance has beside it. The network gets copies.</param>
    /// <param name="dtype">The dtype of the network's inputs where <see cref="InDtype"/> says no other.</param>
    internal Tensor Call(Tensor x, double time, double networkTime, Condition? z, ScalarType dtype)
    {
        observer?.Invoke(Evaluations(z, time));
        using Scalar told = clock.Told(networkTime);
        ScalarType inside = Dtype ?? dtype;
        Tensor? shift = z?.Entries.FirstOrDefault(entry => entry.Role == ConditionRole.Time)?.Values;
        z = shift is null ? z : z!.Without(ConditionRole.Time);
        Tensor output = Guidance is null ? Answer(x, z) : Guidance.Guide(x, time, z, Answer);
        output = correction is null ? output : correction(x, time, output);
        watcher?.Invoke(x, time, output);
        return output;

        Tensor Answer(Tensor x, Condition? z)
        {
            SigmoidConstant.MapIn(x.device_type);
            Tensor t = full([x.size(0)], told, Precision.AtLeastSingle(inside), x.device);
            t = shift is null ? t : t + shift.repeat(x.size(0) / shift.size(0)).to(t.dtype).Times(clock.Scale);
            Condition? own = z?.Map(entry => entry with
            {
                Values = Copy(entry.Values, entry.Values.is_floating_point() ? Dtype ?? entry.Values.dtype : entry.Values.dtype),
            });
            return ModuleCall.Checked(network(Copy(x, inside), t, own), x);
        }
    }

    /// <summary>The same for a network that counts time as the schedule does and computes in the dtype of x.</summary>
    internal Tensor Call(Tensor x, double time, Condition? z) => Call(x, time, time, Beside(z, x.size(0)), x.dtype);

    /// <summary>The bundle that a run carries: the condition with what guidance has beside it.</summary>
    internal Condition? Beside(Condition? z, long batch) => Guidance is null ? z : Guidance.Beside(z, batch);

    /// <summary>Network evaluations of a prediction at a time.</summary>
    internal int Evaluations(Condition? z, double time) => Guidance?.Evaluations(z, time) ?? 1;

    // Differentiable, and never the tensor itself.
    private static Tensor Copy(Tensor tensor, ScalarType dtype) => tensor.dtype == dtype ? tensor.clone() : tensor.to(dtype);

    private Denoiser With(Action<Denoiser> change)
    {
        var copy = (Denoiser)MemberwiseClone();
        change(copy);
        return copy;
    }

    private static void CheckScale(double scale)
    {
        if (!double.IsFinite(scale))
        {
            throw new ArgumentOutOfRangeException(nameof(scale), scale, $"Got scale {scale}; it must be finite.");
        }
    }
}
