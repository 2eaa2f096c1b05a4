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
/// bits; <c>z</c> the condition [batch, ...] or null. It must return the shape of <c>x</c>. What it is given is its own: it may
/// change x and z in place, and return a buffer that it writes again. A denoiser does not own the network. It is as thread-safe as the
/// network is; gradients with respect to the same parameters wait for each other.
/// </remarks>
public sealed class Denoiser
{
    private readonly NetworkClock clock;
    private IReadOnlyList<Parameter>? parameters;
    private Func<Tensor, Tensor, Tensor?, Tensor> network;
    private IReadOnlyList<Tensor>? weights;
    private IReadOnlyList<ClassifierFreeGuidance> guidances = [];
    private Func<Tensor, double, Tensor, Tensor>? correction;

    private Denoiser(
        Func<Tensor, Tensor, Tensor?, Tensor> network, Prediction prediction, NetworkClock clock, IEnumerable<Parameter>? parameters)
    {
        TorchLibraries.Require();
        this.network = network;
        this.clock = clock;
        this.parameters = parameters?.Distinct().ToArray();
        Prediction = prediction;
    }

    /// <summary>What the network predicts.</summary>
    public Prediction Prediction { get; }

    /// <summary>
    /// The parameters that may receive gradients, each once: those given, or the module's with <c>requires_grad</c>. Empty for a function
    /// given without its parameters.
    /// </summary>
    /// <remarks>What is frozen when a gradient is taken gets zeros.</remarks>
    public IReadOnlyList<Parameter> Parameters => parameters ?? [];

    /// <summary>Network evaluations for each prediction: 1, or 2 under classifier-free guidance.</summary>
    internal int EvaluationsPerPrediction => 1 << guidances.Count;

    /// <summary>The dtype that the network computes in, from <see cref="InDtype"/>; null for that of x_T.</summary>
    internal ScalarType? Dtype { get; private set; }

    /// <summary>The module behind it, where it is known: its buffers are kept through recomputations.</summary>
    internal nn.Module? Module { get; private init; }

    /// <summary>What the network is told for time t, as text.</summary>
    internal string TimeConventionText => clock.ToString();

    /// <summary>A fingerprint of the weights as they are now; null if none was asked for.</summary>
    internal string? Fingerprint => weights is null ? null : Costate.Fingerprint.Of(weights);

    /// <summary>
    /// The same denoiser for some items of the batch, by their numbers: what it has for each of them is narrowed to theirs.
    /// </summary>
    internal Denoiser ForItems(IReadOnlyList<int> items) => guidances.Any(guidance => guidance.IsPerItem)
        ? With(copy => copy.guidances = [.. guidances.Select(guidance => guidance.ForItems(items))])
        : this;

    /// <summary>Whether the parameters are hidden in a function, so that their gradient cannot be given.</summary>
    internal bool ParametersAreHidden => parameters is null;

    /// <summary>A denoiser from a function of <c>(x, t, z)</c>.</summary>
    /// <param name="network">The network; see the remarks of the class for shapes.</param>
    /// <param name="prediction">What it predicts.</param>
    /// <param name="timeScale">The network is told <c>timeScale * t</c> for time t in [0, 1]. The default value is 1.</param>
    /// <param name="trainingTimesteps">If given, the network is told a training step in 0..n-1 instead: <c>n t - 1</c>, since step k of n
    /// lies at time (k+1)/n.</param>
    /// <param name="parameters">The parameters that may receive gradients. A function hides its own: without this argument they get
    /// none.</param>
    /// <exception cref="ArgumentException">Both <paramref name="timeScale"/> and <paramref name="trainingTimesteps"/> are given, or one is
    /// not positive.</exception>
    public static Denoiser FromFunction(
        Func<Tensor, Tensor, Tensor?, Tensor> network,
        Prediction prediction,
        double timeScale = 1,
        int? trainingTimesteps = null,
        IEnumerable<Parameter>? parameters = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        return new Denoiser(network, prediction, NetworkClock.Of(timeScale, trainingTimesteps), parameters);
    }

    /// <summary>A denoiser from a module whose forward takes <c>(x, t, z)</c>.</summary>
    /// <param name="module">The module; put it into evaluation mode yourself. Its parameters with <c>requires_grad</c> may receive
    /// gradients; freeze the others, it saves memory.</param>
    /// <param name="prediction">What it predicts.</param>
    /// <param name="timeScale">The network is told <c>timeScale * t</c> for time t in [0, 1]. The default value is 1.</param>
    /// <param name="trainingTimesteps">If given, the network is told a training step in 0..n-1 instead: <c>n t - 1</c>, since step k of n
    /// lies at time (k+1)/n.</param>
    public static Denoiser FromModule(
        nn.Module<Tensor, Tensor, Tensor, Tensor> module,
        Prediction prediction,
        double timeScale = 1,
        int? trainingTimesteps = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        Tensor Network(Tensor x, Tensor t, Tensor? z) =>
            ModuleCall.Of(module, x, z ?? throw ModuleCall.NoCondition(), () => module.call(x, t, z));
        return new Denoiser(Network, prediction, NetworkClock.Of(timeScale, trainingTimesteps), Trainable(module)) { Module = module };
    }

    /// <summary>A denoiser from a module whose forward takes <c>(x, t)</c>, without condition.</summary>
    /// <inheritdoc cref="FromModule(nn.Module{Tensor, Tensor, Tensor, Tensor}, Prediction, double, int?)"/>
    public static Denoiser FromModule(
        nn.Module<Tensor, Tensor, Tensor> module,
        Prediction prediction,
        double timeScale = 1,
        int? trainingTimesteps = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        Tensor Network(Tensor x, Tensor t, Tensor? z) =>
            z is null ? ModuleCall.Of(module, x, null, () => module.call(x, t)) : throw ModuleCall.UnwantedCondition();
        return new Denoiser(Network, prediction, NetworkClock.Of(timeScale, trainingTimesteps), Trainable(module)) { Module = module };
    }

    /// <summary>
    /// A denoiser from a TorchScript file whose forward takes <c>(x, t, z)</c>, or <c>(x, t)</c> where no condition is given.
    /// </summary>
    /// <remarks>
    /// A TorchScript file is a program: load only files whose origin you trust. The network is put into evaluation mode and
    /// frozen. TorchScript optimises itself during its first calls, whose last bits may differ from later ones.
    /// </remarks>
    /// <param name="path">A file written by <c>torch.jit.save</c>.</param>
    /// <param name="prediction">What it predicts.</param>
    /// <param name="timeScale">The network is told <c>timeScale * t</c> for time t in [0, 1]. The default value is 1.</param>
    /// <param name="trainingTimesteps">If given, the network is told a training step in 0..n-1 instead: <c>n t - 1</c>, since step k of n
    /// lies at time (k+1)/n.</param>
    /// <param name="device">Where to load it. The default is the CPU.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a TorchScript archive, or cannot be loaded.</exception>
    public static Denoiser FromTorchScript(
        string path,
        Prediction prediction,
        double timeScale = 1,
        int? trainingTimesteps = null,
        Device? device = null)
    {
        TorchLibraries.Require();
        jit.ScriptModule script = TorchScriptFile.Load(path, device ?? CPU);
        return FromFunction(
            (x, t, z) => (Tensor)(z is null ? script.call(x, t) : script.call(x, t, z)), prediction, timeScale, trainingTimesteps, []);
    }

    /// <summary>
    /// The same denoiser under classifier-free guidance (Ho and Salimans 2022): <c>u + scale (c - u)</c> with <c>c</c> the
    /// prediction under the condition and <c>u</c> that under <paramref name="unconditional"/>. Two network evaluations a prediction.
    /// </summary>
    /// <param name="unconditional">The condition that stands for none, [1, ...] or [batch, ...]; null where the network takes a null
    /// condition for none. It receives no gradient.</param>
    /// <param name="scale">The guidance scale; 1 is the plain conditional prediction.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="scale"/> is not finite.</exception>
    /// <exception cref="InputException"><paramref name="unconditional"/> has no dimension; or, when the network is called, another batch
    /// than x.</exception>
    public Denoiser WithClassifierFreeGuidance(Tensor? unconditional, double scale)
    {
        CheckScale(scale);
        if (unconditional?.dim() == 0)
        {
            throw new InputException(
                nameof(unconditional),
                "shape []",
                "[1, ...] or [batch, ...]",
                "Reshape it: unconditional.reshape(1).");
        }

        return With(copy => copy.guidances = [.. guidances, new ClassifierFreeGuidance(unconditional, scale)]);
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
        Func<Tensor, double, Tensor, Tensor>? before = correction;
        Tensor Guided(Tensor x, double time, Tensor output)
        {
            SchedulePoint at = SchedulePoint.At(schedule, time);
            double weight = -scale * at.Sigma * PredictionConversion.Checked(Prediction.Noise, Prediction, at).Output;
            using Scalar told = time;
            Tensor t = full([x.size(0)], told, x.dtype, x.device);
            Tensor score = VectorJacobianProduct.DifferentiableGradient(y => logProbability(y, t), x);
            return (before is null ? output : before(x, time, output)) + score.Times(weight);
        }

        return With(copy => copy.correction = Guided);
    }

    /// <summary>The same denoiser for runs that need no gradient of its parameters.</summary>
    internal Denoiser WithoutParameters() => With(copy => copy.parameters = []);

    /// <summary>The same denoiser, telling of each call of the network.</summary>
    internal Denoiser Observed(Action called) => With(copy => copy.network = (x, t, z) =>
    {
        called();
        return network(x, t, z);
    });

    /// <summary>The network's own output, in the dtype of x. The caller's dispose scope receives it.</summary>
    /// <param name="x">Its input, [batch, ...]. The network gets a copy.</param>
    /// <param name="time">Time in [0, 1], for the schedule.</param>
    /// <param name="networkTime">Time in [0, 1] as the network counts it; the denoiser converts it.</param>
    /// <param name="z">The condition. The network gets a copy.</param>
    /// <param name="dtype">The dtype of the network's inputs where <see cref="InDtype"/> says no other.</param>
    internal Tensor Call(Tensor x, double time, double networkTime, Tensor? z, ScalarType dtype)
    {
        using Scalar told = clock.Told(networkTime);
        ScalarType inside = Dtype ?? dtype;
        Tensor t = full([x.size(0)], told, Precision.AtLeastSingle(inside), x.device);
        Tensor own = Copy(x, inside);
        Tensor? ownCondition = z is null ? null : Copy(z, z.is_floating_point() ? Dtype ?? z.dtype : z.dtype);
        Tensor output = Guided(own, t, ownCondition, guidances.Count);
        if (!output.is_floating_point() || output.device_type != x.device_type)
        {
            throw new InvalidOperationException(
                $"The network returned dtype {output.dtype} on {output.device} for an input of dtype {x.dtype} on {x.device}; "
                    + "a denoiser returns floating-point numbers on the device of its input.");
        }

        if (!Shapes.Equal(output, x))
        {
            throw new InvalidOperationException(
                $"The network returned shape {Shapes.Text(output)} for an input of shape {Shapes.Text(x)}; "
                    + "a denoiser returns the shape of its input. Slice off what else it returns (a learned variance, for example).");
        }

        output = output.dtype == x.dtype ? output : output.to(x.dtype);
        return correction is null ? output : correction(x, time, output);
    }

    /// <summary>The same for a network that counts time as the schedule does and computes in the dtype of x.</summary>
    internal Tensor Call(Tensor x, double time, Tensor? z) => Call(x, time, time, z, x.dtype);

    // Differentiable, and never the tensor itself.
    private static Tensor Copy(Tensor tensor, ScalarType dtype) => tensor.dtype == dtype ? tensor.clone() : tensor.to(dtype);

    // The network under the first of its guidances, each of which evaluates what is below it twice.
    private Tensor Guided(Tensor x, Tensor t, Tensor? z, int level)
    {
        if (level == 0)
        {
            return network(x, t, z)
                ?? throw new InvalidOperationException("The network returned null; a denoiser returns a tensor of the shape of its input.");
        }

        // Either branch may change what it is given.
        ClassifierFreeGuidance guidance = guidances[level - 1];
        Tensor without = Guided(
            x.clone(),
            t.clone(),
            guidance.None(x.size(0), z is not null && z.is_floating_point() ? z.dtype : Dtype),
            level - 1);
        return without + Guided(x, t, z, level - 1).sub(without).Times(guidance.Scale);
    }

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

    private static IEnumerable<Parameter> Trainable(nn.Module module) => module.parameters().Where(p => p.requires_grad);
}
