using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The classifier of noisy images of OpenAI's guided-diffusion (Dhariwal and Nichol 2021), which guides its U-Nets, in the layout and with
/// the parameter names of its files.
/// </summary>
/// <remarks>
/// <para>Images [batch, in, side, side] and training steps [batch]; the output is a logit for each class. Differentiable in the images
/// and in
/// the parameters.</para>
/// <para>A call changes no state, so calls may run side by side; loading, moving or setting properties during a call may not.</para>
/// </remarks>
public sealed class AdmClassifier : nn.Module<Tensor, Tensor, Tensor>, IRecomputing
{
    private readonly Execution execution;
    private readonly Conv2d first;
    private readonly Linear time1;
    private readonly Linear time2;
    private readonly IReadOnlyList<Stage> down;
    private readonly Stage middle;
    private readonly GroupNorm normOut;
    private readonly AttentionPool? pool;
    private readonly Conv2d? mean;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public AdmClassifier(AdmConfig config)
        : this(config, new Execution())
    {
    }

    private AdmClassifier(AdmConfig config, Execution execution)
        : base(nameof(AdmClassifier))
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
        normOut = GroupNormalization.Of(parts.Channels, device);
        nn.Module end = config.Pool == "attention"
            ? pool = new AttentionPool(config, execution, parts.Side, parts.Channels)
            : mean = nn.Conv2d(parts.Channels, config.OutChannels, 1, device: device);

        // A mean of all positions, which has no parameters, stands before the convolution.
        register_module("out", new NamedLayers(("0", normOut), (pool is null ? "3" : "2", end)));
        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public AdmConfig Config { get; }

    /// <inheritdoc cref="AdmUNetModel.Attention"/>
    public AttentionKind Attention
    {
        get => execution.Attention;
        set => execution.Attention = value;
    }

    /// <inheritdoc cref="AdmUNetModel.GradientCheckpointing"/>
    public bool GradientCheckpointing
    {
        get => execution.Recomputes;
        set => execution.Recomputes = value;
    }

    /// <inheritdoc cref="AdmUNetModel.BackwardError"/>
    public Exception? BackwardError => execution.BackwardError;

    /// <inheritdoc cref="AdmUNetModel.FromPretrained"/>
    public static AdmClassifier FromPretrained(
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
            new AdmClassifier(config, new Execution(META)),
            weights,
            currentName: null,
            device,
            dtype,
            trainable,
            progress,
            cancellationToken);
    }

    /// <summary>The logits [batch, classes].</summary>
    /// <param name="x">The noisy images, [batch, in, side, side].</param>
    /// <param name="t">The training steps, [batch].</param>
    /// <exception cref="ArgumentException">A shape, dtype or device does not fit.</exception>
    public override Tensor forward(Tensor x, Tensor t)
    {
        Input.Image(x, Config.InChannels, 1L << (Config.ChannelMult.Count - 1), first.weight!);
        Input.Times(t, x);
        if (pool is not null)
        {
            long side = Config.ImageSize;
            Input.Fits(nameof(x), x, [-1, -1, side, side], $"images of {side} x {side}");
        }

        using DisposeScope scope = NewDisposeScope();
        var conditions = new Conditions(Activation.Silu.Apply(Embedded(t)));
        Tensor hidden = first.Apply(x);
        foreach (Stage stage in down)
        {
            using Tensor input = hidden;
            hidden = stage.Forward(input, conditions);
        }

        Tensor ended = Activation.Silu.Apply(normOut.call(middle.Forward(hidden, conditions)));
        return (pool?.Forward(ended) ?? mean!.Apply(ended.mean([2, 3], keepdim: true)).flatten(1)).MoveToOuterDisposeScope();
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
