using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Recognition;

/// <summary>
/// A small convolutional network from a face to an embedding of unit length: embeddings of one person have a large scalar
/// product (cosine similarity), those of two people a small one.
/// </summary>
/// <remarks>
/// Images are [batch, channels, size, size] in -1..1, in the dtype and on the device of the parameters. Everything is per item
/// (group normalisation), so an embedding does not depend on its batch. All gradients exist. A call changes no state, so calls
/// may run side by side; loading or moving the network during a call may not.
/// </remarks>
public sealed class FaceRecogniser : nn.Module<Tensor, Tensor>
{
    internal const int Stride = 16;
    internal const int GroupChannels = 8;
    private const double Eps = 1e-5;

    // Below it a direction is rounding; far below every trained network's.
    private const double SmallestNorm = 1e-12;

    private readonly Conv2d first;
    private readonly RecogniserStage[] stages;
    private readonly GroupNorm norm;
    private readonly Linear projection;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    public FaceRecogniser(FaceRecogniserConfig config)
        : this(config, device: null)
    {
    }

    // On the device meta, without memory, for weights that are read.
    private FaceRecogniser(FaceRecogniserConfig config, Device? device)
        : base(nameof(FaceRecogniser))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        TorchLibraries.Require();
        Config = config;

        // Takes what the making of a network leaves over; a convolution of TorchSharp's leaves a tensor.
        using DisposeScope scope = NewDisposeScope();
        int width = config.Width;
        int side = config.ImageSize / Stride;
        first = nn.Conv2d(config.InChannels, width, 3, stride: 2, padding: 1, device: device);
        stages =
        [
            new(width, 2 * width, config.Blocks, device),
            new(2 * width, 4 * width, config.Blocks, device),
            new(4 * width, 4 * width, config.Blocks, device),
        ];
        norm = Normalized(4 * width, device);
        projection = nn.Linear(4 * width * side * side, config.EmbeddingWidth, device: device);
        register_module("first", first);
        register_module("stages", nn.ModuleList(stages));
        register_module("out", new NamedLayers(("norm", norm), ("projection", projection)));
        PretrainedNetwork.OwnParameters(this);
    }

    /// <summary>The network's shape.</summary>
    public FaceRecogniserConfig Config { get; }

    /// <summary>A trained network from a file that <see cref="Save"/> wrote.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">Where to put it. The default is the CPU.</param>
    /// <param name="dtype">The parameters' dtype, whatever the file's. The default value is float32.</param>
    /// <param name="trainable">Whether the parameters take gradients. The default value is false, which lets gradients with respect to
    /// inputs keep far less in memory.</param>
    /// <param name="progress">Told after each tensor how many bytes have been read.</param>
    /// <param name="cancellationToken">Ends the loading between two tensors.</param>
    /// <returns>The network in evaluation mode. Dispose it; no dispose scope does.</returns>
    /// <exception cref="InvalidDataException">The file has no configuration, or a parameter is missing, unknown or of another shape; the
    /// message names the first, with both shapes.</exception>
    /// <exception cref="ArgumentException">Sizes in the configuration do not fit together.</exception>
    /// <exception cref="NotSupportedException">The configuration sets what is not supported; the message names it.</exception>
    /// <exception cref="SafetensorsException">The file is missing or damaged.</exception>
    /// <exception cref="OperationCanceledException">The loading was cancelled.</exception>
    public static FaceRecogniser FromPretrained(
        string path,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var config = FaceRecogniserConfig.Parse(path, PretrainedNetwork.Configuration(path));
        return PretrainedNetwork.Load(
            new FaceRecogniser(config, META),
            path,
            currentName: null,
            device,
            dtype,
            trainable,
            progress,
            cancellationToken);
    }

    /// <summary>Writes the parameters and the configuration to a safetensors file, which appears complete or not at all.</summary>
    /// <param name="path">The file; an existing one is replaced. Its folder must exist.</param>
    /// <param name="dtype">What the parameters are stored in. The default value is float32.</param>
    /// <param name="metadata">Further text about the file, beside <c>config</c>.</param>
    /// <exception cref="SafetensorsException">The folder does not exist, or the file system refused the write.</exception>
    public void Save(string path, ScalarType dtype = ScalarType.Float32, IReadOnlyDictionary<string, string>? metadata = null) =>
        PretrainedNetwork.Save(this, path, dtype, ConfigurationText.Of(Config), metadata);

    /// <summary>Embeddings of unit length, [batch, width].</summary>
    /// <param name="images">Images, [batch, channels, size, size], in -1..1.</param>
    /// <exception cref="ArgumentException">A shape, dtype or device does not fit.</exception>
    public Tensor Embed(Tensor images)
    {
        using Tensor features = call(images);
        return nn.functional.normalize(features, 2, 1, SmallestNorm);
    }

    /// <summary>
    /// Embeddings before they are brought to unit length, [batch, width]. Losses that adapt to an image's quality take their norm for it.
    /// </summary>
    /// <param name="images">Images, [batch, channels, size, size], in -1..1.</param>
    /// <exception cref="ArgumentException">A shape, dtype or device does not fit.</exception>
    public override Tensor forward(Tensor images)
    {
        Input.Image(images, Config.InChannels, Config.ImageSize, first.weight!);
        Input.Shape(nameof(images), images, [images.shape[0], Config.InChannels, Config.ImageSize, Config.ImageSize]);
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = first.Apply(images);
        foreach (RecogniserStage stage in stages)
        {
            using Tensor input = hidden;
            hidden = stage.Forward(input);
        }

        return projection.call(Activation.Silu.Apply(norm.call(hidden)).flatten(1)).MoveToOuterDisposeScope();
    }

    /// <summary>The normalisation between layers.</summary>
    internal static GroupNorm Normalized(int channels, Device? device = null) =>
        Normalization.Groups(channels / GroupChannels, channels, Eps, device);

    /// <summary>Does nothing: parts are registered under the names of the layout, and under no others.</summary>
    protected override void RegisterComponents()
    {
    }
}
