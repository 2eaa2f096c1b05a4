using System.Runtime.InteropServices;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// A network that denoises, with all that a sampler must know of it: what it predicts, which time it wants to be told, its
/// guidance and the parameters that may receive gradients.
/// </summary>
/// <remarks>
/// The network is called as <c>network(x, t, z)</c>: <c>x</c> [batch, ...]; <c>t</c> [batch] in the dtype of <c>x</c>; <c>z</c>
/// the condition [batch, ...] or null. It must return the shape of <c>x</c>. A denoiser does not own the network. It is as
/// thread-safe as the network is, except that two gradients with respect to the same parameters must not run at once.
/// </remarks>
public sealed class Denoiser
{
    private readonly Func<Tensor, Tensor, Tensor?, Tensor> network;
    private readonly double timeScale;
    private readonly double timeOffset;
    private readonly IReadOnlyList<Parameter>? parameters;
    private IReadOnlyList<Tensor>? weights;

    private Denoiser(Func<Tensor, Tensor, Tensor?, Tensor> network, Prediction prediction, double timeScale, double timeOffset, IReadOnlyList<Parameter>? parameters)
    {
        TorchLibraries.Require();
        this.network = network;
        this.timeScale = timeScale;
        this.timeOffset = timeOffset;
        this.parameters = parameters;
        Prediction = prediction;
    }

    /// <summary>What the network predicts.</summary>
    public Prediction Prediction { get; }

    /// <summary>The parameters that may receive gradients: those given, or the module's with <c>requires_grad</c>. Empty for a function given without its parameters.</summary>
    public IReadOnlyList<Parameter> Parameters => parameters ?? [];

    /// <summary>Network evaluations for each prediction: 1, or 2 under classifier-free guidance.</summary>
    internal int EvaluationsPerPrediction { get; private init; } = 1;

    /// <summary>What the network is told for time t, as text.</summary>
    internal string TimeConventionText => FormattableString.Invariant($"{timeScale:R} t{(timeOffset == 0 ? "" : FormattableString.Invariant($" - {-timeOffset:R}"))}");

    /// <summary>A fingerprint of the weights as they are now; null if none was asked for.</summary>
    internal string? Fingerprint => weights is null ? null : Costate.Fingerprint.Of(weights);

    /// <summary>What classifier guidance does to the network's output: from (x, time, output), or null.</summary>
    private Func<Tensor, double, Tensor, Tensor>? Correction { get; init; }

    /// <summary>Whether the parameters are hidden in a function, so that their gradient cannot be given.</summary>
    internal bool ParametersAreHidden => parameters is null;

    /// <summary>A denoiser from a function of <c>(x, t, z)</c>.</summary>
    /// <param name="network">The network; see the remarks of the class for shapes.</param>
    /// <param name="prediction">What it predicts.</param>
    /// <param name="timeScale">The network is told <c>timeScale * t</c> for time t in [0, 1]. The default value is 1.</param>
    /// <param name="trainingTimesteps">If given, the network is told a training step in 0..n-1 instead: <c>n t - 1</c>, since step k of n lies at time (k+1)/n.</param>
    /// <param name="parameters">The parameters that may receive gradients. A function hides its own: without this argument they get none.</param>
    /// <exception cref="ArgumentException">Both <paramref name="timeScale"/> and <paramref name="trainingTimesteps"/> are given, or one is not positive.</exception>
    public static Denoiser FromFunction(
        Func<Tensor, Tensor, Tensor?, Tensor> network,
        Prediction prediction,
        double timeScale = 1,
        int? trainingTimesteps = null,
        IEnumerable<Parameter>? parameters = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        (double scale, double offset) = TimeConvention(timeScale, trainingTimesteps);
        return new Denoiser(network, prediction, scale, offset, parameters?.ToArray());
    }

    /// <summary>A denoiser from a module whose forward takes <c>(x, t, z)</c>.</summary>
    /// <param name="module">The module; put it into evaluation mode yourself. Its parameters with <c>requires_grad</c> may receive gradients; freeze the others, it saves memory.</param>
    /// <param name="prediction">What it predicts.</param>
    /// <param name="timeScale">The network is told <c>timeScale * t</c> for time t in [0, 1]. The default value is 1.</param>
    /// <param name="trainingTimesteps">If given, the network is told a training step in 0..n-1 instead: <c>n t - 1</c>, since step k of n lies at time (k+1)/n.</param>
    public static Denoiser FromModule(nn.Module<Tensor, Tensor, Tensor, Tensor> module, Prediction prediction, double timeScale = 1, int? trainingTimesteps = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        return FromFunction(
            (x, t, z) => Called(module, x, z ?? throw NoCondition(), () => module.call(x, t, z)), prediction, timeScale, trainingTimesteps, Trainable(module));
    }

    /// <summary>A denoiser from a module whose forward takes <c>(x, t)</c>, without condition.</summary>
    /// <inheritdoc cref="FromModule(nn.Module{Tensor, Tensor, Tensor, Tensor}, Prediction, double, int?)"/>
    public static Denoiser FromModule(nn.Module<Tensor, Tensor, Tensor> module, Prediction prediction, double timeScale = 1, int? trainingTimesteps = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        return FromFunction(
            (x, t, z) => z is null ? Called(module, x, null, () => module.call(x, t)) : throw UnwantedCondition(), prediction, timeScale, trainingTimesteps, Trainable(module));
    }

    /// <summary>A denoiser from a TorchScript file whose forward takes <c>(x, t, z)</c>, or <c>(x, t)</c> where no condition is given.</summary>
    /// <remarks>
    /// A TorchScript file is a program: load only files whose origin you trust. The network is put into evaluation mode and
    /// frozen. TorchScript optimises itself during its first calls, whose last bits may differ from later ones.
    /// </remarks>
    /// <param name="path">A file written by <c>torch.jit.save</c>.</param>
    /// <param name="prediction">What it predicts.</param>
    /// <param name="timeScale">The network is told <c>timeScale * t</c> for time t in [0, 1]. The default value is 1.</param>
    /// <param name="trainingTimesteps">If given, the network is told a training step in 0..n-1 instead: <c>n t - 1</c>, since step k of n lies at time (k+1)/n.</param>
    /// <param name="device">Where to load it. The default is the CPU.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is not a TorchScript archive, or cannot be loaded.</exception>
    public static Denoiser FromTorchScript(string path, Prediction prediction, double timeScale = 1, int? trainingTimesteps = null, Device? device = null)
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
    /// <param name="unconditional">The condition that stands for none, [1, ...] or [batch, ...]; null where the network takes a null condition for none. It receives no gradient.</param>
    /// <param name="scale">The guidance scale; 1 is the plain conditional prediction.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="scale"/> is not finite.</exception>
    public Denoiser WithClassifierFreeGuidance(Tensor? unconditional, double scale)
    {
        if (!double.IsFinite(scale))
        {
            throw new ArgumentOutOfRangeException(nameof(scale), scale, $"Got scale {scale}; it must be finite.");
        }

        Tensor Guided(Tensor x, Tensor t, Tensor? z)
        {
            Tensor? none = unconditional is null || unconditional.shape[0] == x.shape[0]
                ? unconditional
                : unconditional.expand([x.shape[0], .. unconditional.shape.Skip(1)]);
            Tensor without = network(x, t, none);
            return without + network(x, t, z).sub(without).Times(scale);
        }

        return new Denoiser(Guided, Prediction, timeScale, timeOffset, parameters) { EvaluationsPerPrediction = 2 * EvaluationsPerPrediction, weights = weights, Correction = Correction };
    }

    /// <summary>
    /// The same denoiser, with a fingerprint of its weights in <see cref="Sampler.Settings"/>: a <see cref="NoiseState"/> of it is then refused
    /// by a sampler with other weights, rather than decoded to something else.
    /// </summary>
    /// <remarks>
    /// SHA-256 of dtypes, shapes and bits, taken anew with each inversion or decoding, so that it follows training: about a second for each
    /// GiB. A state or a sampler without a fingerprint is not compared.
    /// </remarks>
    /// <param name="weights">All that makes up the network: its parameters and buffers, always in the same order. Not copied, not disposed.</param>
    public Denoiser WithFingerprint(IEnumerable<Tensor> weights)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return new Denoiser(network, Prediction, timeScale, timeOffset, parameters) { EvaluationsPerPrediction = EvaluationsPerPrediction, weights = [.. weights], Correction = Correction };
    }

    /// <summary>
    /// The same denoiser under classifier guidance (Dhariwal and Nichol 2021, algorithm 2): the noise prediction becomes
    /// <c>eps - scale sigma_t grad_x log p(y | x_t, t)</c>, whatever the network predicts. One evaluation and one gradient of the classifier
    /// a prediction; differentiable, by second derivatives of the classifier.
    /// </summary>
    /// <remarks>Composes with classifier-free guidance, in either order, and with other classifiers. The classifier's parameters get no gradient.
    /// The first time that a gradient goes through it, libtorch warns on the error stream of a reference cycle; it is broken here at once.</remarks>
    /// <param name="logProbability">From noisy states x [batch, ...] and times t [batch] in [0, 1], in the dtype of x, to the log-probability of what is wanted of each item, [batch].</param>
    /// <param name="schedule">The schedule, for sigma_t.</param>
    /// <param name="scale">The guidance scale. The default value is 1.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="scale"/> is not finite.</exception>
    public Denoiser WithClassifierGuidance(Func<Tensor, Tensor, Tensor> logProbability, NoiseSchedule schedule, double scale = 1)
    {
        ArgumentNullException.ThrowIfNull(logProbability);
        ArgumentNullException.ThrowIfNull(schedule);
        if (!double.IsFinite(scale))
        {
            throw new ArgumentOutOfRangeException(nameof(scale), scale, $"Got scale {scale}; it must be finite.");
        }

        Tensor Guided(Tensor x, double time, Tensor output)
        {
            SchedulePoint at = SchedulePoint.At(schedule, time);
            double weight = -scale * at.Sigma * PredictionConversion.Checked(Prediction.Noise, Prediction, at).Output;
            using Scalar told = time;
            Tensor t = full([x.size(0)], told, x.dtype, x.device);
            Tensor score = VectorJacobianProduct.DifferentiableGradient(y => logProbability(y, t), x);
            return (Correction is null ? output : Correction(x, time, output)) + score.Times(weight);
        }

        return new Denoiser(network, Prediction, timeScale, timeOffset, parameters) { EvaluationsPerPrediction = EvaluationsPerPrediction, weights = weights, Correction = Guided };
    }

    /// <summary>The same denoiser for runs that need no gradient of its parameters.</summary>
    internal Denoiser WithoutParameters() => new(network, Prediction, timeScale, timeOffset, []) { EvaluationsPerPrediction = EvaluationsPerPrediction, weights = weights, Correction = Correction };

    /// <summary>The network's own output. The caller's dispose scope receives it.</summary>
    /// <param name="x">Its input, [batch, ...].</param>
    /// <param name="time">Time in [0, 1]; the denoiser converts it.</param>
    /// <param name="z">The condition.</param>
    internal Tensor Call(Tensor x, double time, Tensor? z)
    {
        using Scalar told = (timeScale * time) + timeOffset;
        Tensor t = full([x.size(0)], told, x.dtype, x.device);
        Tensor output = network(x, t, z) ?? throw new InvalidOperationException("The network returned null; a denoiser returns a tensor of the shape of its input.");
        if (!output.is_floating_point() || output.device_type != x.device_type)
        {
            throw new InvalidOperationException($"The network returned dtype {output.dtype} on {output.device} for an input of dtype {x.dtype} on {x.device}; a denoiser returns floating-point numbers on the device of its input.");
        }

        if (!Shapes.Equal(output, x))
        {
            throw new InvalidOperationException($"The network returned shape {Shapes.Text(output)} for an input of shape {Shapes.Text(x)}; a denoiser returns the shape of its input. Slice off what else it returns (a learned variance, for example).");
        }

        return Correction is null ? output : Correction(x, time, output);
    }

    private static (double Scale, double Offset) TimeConvention(double timeScale, int? trainingTimesteps)
    {
        if (!(timeScale > 0 && double.IsFinite(timeScale)))
        {
            throw new ArgumentOutOfRangeException(nameof(timeScale), timeScale, $"Got timeScale {timeScale}; it must be positive and finite.");
        }

        return trainingTimesteps switch
        {
            null => (timeScale, 0),
            <= 0 => throw new ArgumentOutOfRangeException(nameof(trainingTimesteps), trainingTimesteps, $"Got {trainingTimesteps} training timesteps; there is at least one."),
            _ when timeScale != 1 => throw new ArgumentException($"Got both timeScale {timeScale} and trainingTimesteps {trainingTimesteps}; give one of them."),
            int n => (n, -1),
        };
    }

    /// <summary>The module's own answer, or, where it fails on tensors that do not go together, what to do about it.</summary>
    private static Tensor Called(nn.Module module, Tensor x, Tensor? z, Func<Tensor> call)
    {
        try
        {
            return call();
        }
        catch (ExternalException e) when (Mismatch(module, x, z) is string text)
        {
            throw new InvalidOperationException(text, e);
        }
    }

    // Asked only once a call has failed: a module may well take another dtype and convert it.
    private static string? Mismatch(nn.Module module, Tensor x, Tensor? z)
    {
        if (z is not null && z.is_floating_point() && z.dtype != x.dtype)
        {
            return $"The network failed on x of dtype {x.dtype} with a condition of dtype {z.dtype}. Convert one of them.";
        }

        return module.parameters().FirstOrDefault(p => p.is_floating_point() && (p.dtype != x.dtype || p.device_type != x.device_type)) is Parameter weight
            ? $"The network failed on x of dtype {x.dtype} on {x.device}; it has weights of dtype {weight.dtype} on {weight.device}. Convert x_T and the condition, or the network: net.to({nameof(ScalarType)}.{x.dtype})."
            : null;
    }

    private static IEnumerable<Parameter> Trainable(nn.Module module) => module.parameters().Where(p => p.requires_grad);

    private static InvalidOperationException NoCondition() => new("The network takes (x, t, z) but no condition z was given. Pass one, or use a module that takes (x, t).");

    private static InvalidOperationException UnwantedCondition() => new("A condition z was given but the network takes (x, t) only. Pass null, or use a module that takes (x, t, z).");
}
