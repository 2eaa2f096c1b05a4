using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// The diffusion autoencoder of Preechakul et al. 2022 (arXiv 2111.15640): an encoder from an image to a semantic code, and
/// a U-Net that predicts noise under that code. Layout and parameter names are those of DiffAE's published code.
/// </summary>
/// <remarks>
/// <para>
/// Image and noisy sample [batch, channels, height, width] in the dtype and on the device of the parameters, with sides that
/// can be halved once for each level but one; time [batch], a training step such as 0..999; code [batch, width]. All
/// gradients exist: in the sample, the time, the code, the encoded image and the parameters.
/// </para>
/// <para>A call changes no state, so calls may run side by side; loading or moving the network during a call may not.</para>
/// </remarks>
public sealed class DiffusionAutoencoder : nn.Module<Tensor, Tensor, Tensor, Tensor>
{
    private readonly Linear timeFirst;
    private readonly Linear timeSecond;
    private readonly WayDown down;
    private readonly Stage middle;
    private readonly List<List<Stage>> up = [];
    private readonly GroupNorm normOut;
    private readonly Conv2d convOut;
    private readonly SemanticEncoder encoder;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public DiffusionAutoencoder(DiffusionAutoencoderConfig config)
        : this(config, device: null)
    {
    }

    /// <param name="config">Its shape.</param>
    /// <param name="device">Where its parameters are made: null for random ones on the CPU, meta for weights that are read.</param>
    internal DiffusionAutoencoder(DiffusionAutoencoderConfig config, Device? device)
        : base(nameof(DiffusionAutoencoder))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        TorchLibraries.Require();
        Config = config;

        // Takes what the making of a network leaves over; a convolution of TorchSharp's leaves a tensor.
        using DisposeScope scope = NewDisposeScope();
        timeFirst = nn.Linear(config.ModelChannels, config.EmbedChannels, device: device);
        timeSecond = nn.Linear(config.EmbedChannels, config.EmbedChannels, device: device);
        var options = new BlockOptions(config.EmbedChannels, config.EncOutChannels, config.Dropout, config.ResnetUseZeroModule, device);
        var builder = new StageBuilder(config, options, config.AttentionResolutions);
        down = new WayDown(
            config,
            builder,
            config.InputChannelMult ?? config.ChannelMult,
            config.ChannelMult[0],
            config.NumInputResBlocks ?? config.NumResBlocks,
            device);
        middle = builder.Middle(down.Channels);
        AddWayUp(builder);
        int channels = config.ChannelMult[0] * config.ModelChannels;
        normOut = GroupNormalization.Of(channels, device);
        convOut = nn.Conv2d(channels, config.OutChannels, 3, padding: 1, device: device);
        if (config.ResnetUseZeroModule)
        {
            Zero.Parameters(convOut);
        }

        encoder = new SemanticEncoder(config, device);
        var timeLayers = new NamedLayers(("0", timeFirst), ("2", timeSecond));
        register_module("time_embed", new NamedLayers(("time_embed", timeLayers)));
        register_module("input_blocks", down.Modules);
        register_module("middle_block", middle);
        register_module("output_blocks", nn.ModuleList([.. up.SelectMany(stages => stages)]));
        register_module("out", new NamedLayers(("0", normOut), ("2", convOut)));
        register_module("encoder", encoder);
        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public DiffusionAutoencoderConfig Config { get; }

    /// <summary>A trained network from a folder with a <c>config.json</c> and a safetensors file.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="weights">The name of the file of weights in it, of any kind of <see cref="WeightSource"/>. The default value is
    /// <c>diffae.safetensors</c>.</param>
    /// <param name="device">Where to put it. The default is the CPU.</param>
    /// <param name="dtype">The parameters' dtype, whatever the file's. The default value is float32.</param>
    /// <param name="trainable">Whether the parameters take gradients. The default value is false, which lets gradients with respect to
    /// inputs keep far less in memory.</param>
    /// <param name="progress">Told after each tensor how many bytes have been read.</param>
    /// <param name="cancellationToken">Ends the loading between two tensors.</param>
    /// <returns>The network in evaluation mode. Dispose it; no dispose scope does.</returns>
    /// <exception cref="FileNotFoundException">There is no <c>config.json</c>, or there is no file of weights.</exception>
    /// <exception cref="InvalidDataException">The configuration is malformed, the file of weights is something else or damaged, or
    /// parameters are missing, unknown or of another shape; the message lists them.</exception>
    /// <exception cref="ArgumentException">Sizes in the configuration do not fit together.</exception>
    /// <exception cref="NotSupportedException">The configuration asks for what is not supported; the message names it.</exception>
    /// <exception cref="SafetensorsException">A safetensors file of weights is damaged.</exception>
    /// <exception cref="OperationCanceledException">The loading was cancelled.</exception>
    public static DiffusionAutoencoder FromPretrained(
        string folder,
        string weights = "diffae.safetensors",
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(weights);
        return PretrainedNetwork.Load(
            new DiffusionAutoencoder(DiffusionAutoencoderConfig.Read(Path.Combine(folder, "config.json")), META),
            Path.Combine(folder, weights),
            currentName: null,
            device,
            dtype,
            trainable,
            progress,
            cancellationToken);
    }

    /// <summary>The semantic code [batch, width] of images.</summary>
    /// <param name="x0">Images, [batch, in, height, width], in the range of the training data (-1..1 for those published).</param>
    /// <exception cref="ArgumentException">A shape, dtype or device does not fit.</exception>
    public Tensor Encode(Tensor x0)
    {
        Input.Image(x0, Config.InChannels, SideMultiple(Config.EncChannelMult ?? Config.ChannelMult), down.Weight);
        return encoder.Forward(x0);
    }

    /// <summary>The prediction of the noise, [batch, out, height, width].</summary>
    /// <param name="x">The noisy sample, [batch, in, height, width].</param>
    /// <param name="t">The time, [batch].</param>
    /// <param name="z">The semantic code, [batch, width].</param>
    /// <exception cref="ArgumentException">A shape, dtype or device does not fit.</exception>
    public override Tensor forward(Tensor x, Tensor t, Tensor z)
    {
        CheckInputs(x, t, z);
        using DisposeScope scope = NewDisposeScope();
        Tensor features = TimestepFeatures.Of(t, Config.ModelChannels, cosFirst: true, frequencyShift: 0).to(x.dtype);
        Tensor time = Activation.Silu.Apply(timeSecond.call(Activation.Silu.Apply(timeFirst.call(features))));
        var conditions = new Conditions(time, z.silu());
        List<Stack<Tensor>> kept = down.States(x, conditions);
        Tensor hidden = middle.Forward(kept[^1].Peek(), conditions);
        foreach ((int index, List<Stage> stages) in up.Index())
        {
            Stack<Tensor> laterals = kept[^(index + 1)];
            foreach (Stage stage in stages)
            {
                using Tensor input = Joined(hidden, laterals);
                hidden = stage.Forward(input, conditions);
            }
        }

        return convOut.Apply(Activation.Silu.Apply(normOut.call(hidden))).MoveToOuterDisposeScope();
    }

    /// <summary>The U-Net as a denoiser whose condition is the semantic code.</summary>
    /// <param name="trainingTimesteps">The steps of the schedule that it was trained with. The default value is 1000.</param>
    public Denoiser ToDenoiser(int trainingTimesteps = 1000) =>
        Denoiser.FromModule(this, Prediction.Noise, trainingTimesteps: trainingTimesteps);

    /// <summary>Does nothing: parts are registered under the names of the layout, and under no others.</summary>
    protected override void RegisterComponents()
    {
    }

    // The state and one kept on the way down, while there is one at this level; what goes in is disposed.
    private static Tensor Joined(Tensor hidden, Stack<Tensor> laterals)
    {
        if (laterals.Count == 0)
        {
            return hidden;
        }

        using (hidden)
        using (Tensor lateral = laterals.Pop())
        {
            return cat([hidden, lateral], 1);
        }
    }

    private static long SideMultiple(IReadOnlyList<int> multipliers) => 1L << (multipliers.Count - 1);

    private void AddWayUp(StageBuilder builder)
    {
        int heads = Config.NumHeadsUpsample == -1 ? Config.NumHeads : Config.NumHeadsUpsample;
        int channels = down.Channels;
        int resolution = down.Resolution;
        for (int level = Config.ChannelMult.Count - 1; level >= 0; level--)
        {
            List<Stage> stages = [];
            int outChannels = Config.ChannelMult[level] * Config.ModelChannels;
            for (int i = 0; i <= Config.NumResBlocks; i++)
            {
                int lateral = down.KeptChannels[level].TryPop(out int kept) ? kept : 0;
                bool doubles = level > 0 && i == Config.NumResBlocks;
                stages.Add(
                    builder.Block(
                        channels + lateral,
                        outChannels,
                        resolution,
                        heads,
                        doubles ? builder.Resample(outChannels, Resampling.Up) : null));
                channels = outChannels;
            }

            up.Add(stages);
            resolution *= 2;
        }
    }

    private void CheckInputs(Tensor x, Tensor t, Tensor z)
    {
        Input.Image(x, Config.InChannels, SideMultiple(Config.ChannelMult), down.Weight);
        Input.Times(t, x);
        ArgumentNullException.ThrowIfNull(z);
        Input.Shape(nameof(z), z, [x.shape[0], Config.EncOutChannels]);
        if (z.dtype != x.dtype)
        {
            throw new ArgumentException(
                $"Got a code of {z.dtype} and a sample of {x.dtype}; expected the same. Convert it by to().",
                nameof(z));
        }
    }
}
