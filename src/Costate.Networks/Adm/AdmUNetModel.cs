using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The U-Net of OpenAI's guided-diffusion (ADM; Dhariwal and Nichol 2021), in the layout and with the parameter names of its files, with
/// classes or without: what most published guidance on FFHQ and ImageNet is measured on.
/// </summary>
/// <remarks>
/// <para>
/// Images [batch, in, side, side], of sides that the network can halve often enough; training steps [batch], and classes [batch] where it
/// has them. The output has the noise, and after it what the learned variance is made of, where there is one. Differentiable in the images
/// and in the parameters.
/// </para>
/// <para>A call changes no state, so calls may run side by side; loading, moving or setting properties during a call may not.</para>
/// </remarks>
public sealed class AdmUNetModel : nn.Module<Tensor, Tensor, Tensor>, IRecomputing
{
    private readonly Execution execution;
    private readonly Conv2d first;
    private readonly Linear time1;
    private readonly Linear time2;
    private readonly IReadOnlyList<Stage> down;
    private readonly Stage middle;
    private readonly EmbeddingTable? classes;
    private readonly IReadOnlyList<Stage> up;
    private readonly GroupNorm normOut;
    private readonly Conv2d convOut;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public AdmUNetModel(AdmConfig config)
        : this(config, new Execution())
    {
    }

    private AdmUNetModel(AdmConfig config, Execution execution)
        : base(nameof(AdmUNetModel))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        TorchLibraries.Require();
        Config = config;
        this.execution = execution;
        Device? device = execution.Device;

        // Takes what the making of a network leaves over; a convolution of TorchSharp's leaves a tensor.
        using DisposeScope scope = NewDisposeScope();
        time1 = nn.Linear(config.ModelChannels, config.TimeChannels, device: device);
        time2 = nn.Linear(config.TimeChannels, config.TimeChannels, device: device);
        register_module("time_embed", new NamedLayers(("0", time1), ("2", time2)));
        var parts = new AdmParts(config, execution);
        (first, down, middle) = (parts.First, parts.Down, parts.Middle);
        register_module("input_blocks", parts.Inputs);
        register_module("middle_block", middle);
        if (config.NumClasses is { } count)
        {
            register_module("label_emb", classes = new EmbeddingTable(count, config.TimeChannels, device));
        }

        up = parts.Up();
        register_module("output_blocks", nn.ModuleList<Stage>([.. up]));
        normOut = GroupNormalization.Of(parts.Channels, device);
        convOut = nn.Conv2d(parts.Channels, config.OutChannels, 3, padding: 1, device: device);
        register_module("out", new NamedLayers(("0", normOut), ("2", convOut)));
        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public AdmConfig Config { get; }

    /// <summary>How it computes attention. The default value is <see cref="AttentionKind.Fused"/>.</summary>
    /// <value><see cref="AttentionKind.Products"/> for second derivatives.</value>
    public AttentionKind Attention
    {
        get => execution.Attention;
        set => execution.Attention = value;
    }

    /// <summary>Whether a call with a graph keeps the inputs of residual blocks alone, and computes each again in the backward pass. The
    /// default value is false.</summary>
    public bool GradientCheckpointing
    {
        get => execution.Recomputes;
        set => execution.Recomputes = value;
    }

    /// <summary>Why the last backward pass with <see cref="GradientCheckpointing"/> failed; null where it did not fail.</summary>
    public Exception? BackwardError => execution.BackwardError;

    /// <summary>A trained network from a file, such as <c>256x256_diffusion_uncond.pt</c>.</summary>
    /// <param name="weights">The file, or a folder with one under a usual name (<see cref="WeightSource.Open"/>).</param>
    /// <param name="config">Its shape, of which the file says nothing.</param>
    /// <param name="device">Where to put it. The default is the CPU.</param>
    /// <param name="dtype">The parameters' dtype, whatever the file's. The default value is float32.</param>
    /// <param name="trainable">Whether the parameters take gradients. The default value is false.</param>
    /// <param name="progress">Told after each tensor how many bytes have been read.</param>
    /// <param name="cancellationToken">Ends the loading between two tensors.</param>
    /// <returns>The network in evaluation mode. Dispose it; no dispose scope does.</returns>
    /// <exception cref="FileNotFoundException">There are no weights.</exception>
    /// <exception cref="InvalidDataException">The file is something else or damaged, or parameters are missing, unknown or of another
    /// shape; the message lists them.</exception>
    /// <exception cref="ArgumentException">Sizes in the configuration do not fit together.</exception>
    /// <exception cref="NotSupportedException">The configuration asks for what is not supported; the message names it.</exception>
    /// <exception cref="OperationCanceledException">The loading was cancelled.</exception>
    public static AdmUNetModel FromPretrained(
        string weights,
        AdmConfig config,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(weights);
        return PretrainedNetwork.Load(
            new AdmUNetModel(config, new Execution(META)),
            weights,
            currentName: null,
            device,
            dtype,
            trainable,
            progress,
            cancellationToken);
    }

    /// <summary>The prediction [batch, out, side, side] of a network without classes.</summary>
    /// <param name="x">The noisy images, [batch, in, side, side].</param>
    /// <param name="t">The training steps, [batch].</param>
    /// <exception cref="ArgumentException">A shape, dtype or device does not fit, or the network needs classes.</exception>
    public override Tensor forward(Tensor x, Tensor t) => forward(x, t, null);

    /// <summary>The prediction [batch, out, side, side].</summary>
    /// <param name="x">The noisy images, [batch, in, side, side].</param>
    /// <param name="t">The training steps, [batch].</param>
    /// <param name="y">Class numbers, [batch], whole; null for a network without classes.</param>
    /// <exception cref="ArgumentException">A shape, dtype or device does not fit, or classes are missing, not expected or not
    /// there.</exception>
    public Tensor forward(Tensor x, Tensor t, Tensor? y)
    {
        Input.Image(x, Config.InChannels, 1L << (Config.ChannelMult.Count - 1), first.weight!);
        Input.Times(t, x);
        CheckClasses(y, x.shape[0]);
        using DisposeScope scope = NewDisposeScope();
        Tensor time = Embedded(t);
        time = Activation.Silu.Apply(classes is null ? time : time + classes.Forward(y!.to(ScalarType.Int64)));
        var conditions = new Conditions(time);
        var kept = new Stack<Tensor>();
        kept.Push(first.Apply(x));
        foreach (Stage stage in down)
        {
            kept.Push(stage.Forward(kept.Peek(), conditions));
        }

        Tensor hidden = middle.Forward(kept.Peek(), conditions);
        foreach (Stage stage in up)
        {
            using Tensor before = hidden, skip = kept.Pop(), both = cat([before, skip], 1);
            hidden = stage.Forward(both, conditions);
        }

        return convOut.Apply(Activation.Silu.Apply(normOut.call(hidden))).MoveToOuterDisposeScope();
    }

    /// <summary>The network as a denoiser of noise, whose condition is the classes where it has them. A learned variance is left
    /// out.</summary>
    /// <param name="trainingTimesteps">The steps of the schedule that it was trained with. The default value is 1000.</param>
    /// <exception cref="NotSupportedException">It predicts other channels than noise, or noise and variances.</exception>
    public Denoiser ToDenoiser(int trainingTimesteps = 1000)
    {
        if (Config.OutChannels != Config.InChannels && !Config.LearnsVariance)
        {
            throw new NotSupportedException(
                $"Got out_channels {Config.OutChannels}; expected {Config.InChannels} for noise, or {2 * Config.InChannels} with "
                    + "variances.");
        }

        return Denoiser.FromFunction(
            (Tensor x, Tensor t, Condition? z) =>
            {
                using DisposeScope scope = NewDisposeScope();
                return forward(x, t, z?.Values).narrow(1, 0, Config.InChannels).MoveToOuterDisposeScope();
            },
            Prediction.Noise,
            trainingTimesteps: trainingTimesteps,
            parameters: parameters().Where(parameter => parameter.requires_grad));
    }

    private void CheckClasses(Tensor? y, long batch)
    {
        if (Config.NumClasses is not { } count)
        {
            Input.Absent(nameof(y), y, "The network has no classes.");
            return;
        }

        Input.Present(nameof(y), y, $"The network is told one of {count} classes.");
        Input.Fits(nameof(y), y!, [batch], $"[{batch}]");
        using DisposeScope scope = NewDisposeScope();
        Input.Tokens(nameof(y), y!.unsqueeze(0), count, first.weight!);
    }

    /// <summary>Does nothing: parts are registered under the names of the layout, and under no others.</summary>
    protected override void RegisterComponents()
    {
    }

    private Tensor Embedded(Tensor t)
    {
        Tensor features = TimestepFeatures.Of(t, Config.ModelChannels, cosFirst: true, frequencyShift: 0).to(time1.weight.dtype);
        return time2.call(Activation.Silu.Apply(time1.call(features)));
    }
}
