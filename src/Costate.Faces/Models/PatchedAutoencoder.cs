using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Models;

/// <summary>
/// A <see cref="DiffusionAutoencoder"/> that sees each patch of an image as one pixel with more channels, which makes images
/// of moderate size affordable on a CPU.
/// </summary>
/// <remarks>
/// <para>
/// Images and noisy samples [batch, channels, height, width] in the dtype and on the device of the parameters; sides are
/// multiples of the patch size and of what the network behind needs. Noise stays standard normal noise: folding only moves pixels.
/// </para>
/// <para>
/// With twice as many output channels as input channels the second half are gates. The prediction is the first half and, times the
/// gates, the detail of the noisy sample itself: what a mean over 3 x 3 pixels leaves of it, in units of its RMS in each item. The
/// layout normalises in 32 groups; where its first level has 32 channels, each loses its mean, and what noise has in common in all
/// patches would stay in the samples, as grain.
/// </para>
/// <para>
/// Its parameters have the names of DiffAE's layout. A call changes no state, so calls may run side by side; loading or moving
/// the network during a call may not.
/// </para>
/// </remarks>
public sealed class PatchedAutoencoder : nn.Module<Tensor, Tensor, Tensor, Tensor>
{
    private const double DetailEps = 1e-6;

    private readonly DiffusionAutoencoder network;

    /// <summary>A network with random weights, float32 on the CPU, in training mode.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">A size is not positive, or sizes do not fit together; the message names them.</exception>
    /// <exception cref="NotSupportedException">An option asks for what is not supported; the message names it.</exception>
    public PatchedAutoencoder(PatchedAutoencoderConfig config)
        : this(config, device: null)
    {
    }

    // On the device meta, without memory, for weights that are read.
    private PatchedAutoencoder(PatchedAutoencoderConfig config, Device? device)
        : base(nameof(PatchedAutoencoder))
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        Config = config;
        network = new DiffusionAutoencoder(config.Network, device);
        foreach ((string name, nn.Module part) in network.named_children())
        {
            register_module(name, part);
        }
    }

    /// <summary>The network's shape.</summary>
    public PatchedAutoencoderConfig Config { get; }

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
    /// <exception cref="NotSupportedException">The configuration asks for what is not supported; the message names it.</exception>
    /// <exception cref="SafetensorsException">The file is missing or damaged.</exception>
    /// <exception cref="OperationCanceledException">The loading was cancelled.</exception>
    public static PatchedAutoencoder FromPretrained(
        string path,
        Device? device = null,
        ScalarType dtype = ScalarType.Float32,
        bool trainable = false,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var config = PatchedAutoencoderConfig.Parse(path, PretrainedNetwork.Configuration(path));
        return PretrainedNetwork.Load(
            new PatchedAutoencoder(config, META),
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
        PretrainedNetwork.Save(this, path, dtype, Config.ToJson(), metadata);

    /// <summary>The semantic code [batch, width] of images.</summary>
    /// <param name="x0">Images, [batch, channels, height, width], in -1..1.</param>
    /// <exception cref="ArgumentException">A shape, dtype or device does not fit.</exception>
    public Tensor Encode(Tensor x0)
    {
        using Tensor folded = Folded(x0);
        return network.Encode(folded);
    }

    /// <summary>The prediction of what <see cref="PatchedAutoencoderConfig.Prediction"/> says, [batch, channels, height, width].</summary>
    /// <param name="x">The noisy sample, [batch, channels, height, width].</param>
    /// <param name="t">The time, a training step, [batch].</param>
    /// <param name="z">The semantic code, [batch, width].</param>
    /// <exception cref="ArgumentException">A shape, dtype or device does not fit.</exception>
    public override Tensor forward(Tensor x, Tensor t, Tensor z)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor predicted = network.call(Folded(x), t, z);
        if (Config.HasDetailGate)
        {
            Tensor[] halves = predicted.chunk(2, 1);
            predicted = addcmul(halves[0], halves[1], Folded(Detail(x)), 1);
        }

        return nn.functional.pixel_shuffle(predicted, Config.PatchSize).MoveToOuterDisposeScope();
    }

    /// <summary>The U-Net as a denoiser whose condition is the semantic code.</summary>
    /// <param name="trainingTimesteps">The steps of the schedule that it was trained with. The default value is 1000.</param>
    public Denoiser ToDenoiser(int trainingTimesteps = 1000) =>
        Denoiser.FromModule(this, Config.Prediction, trainingTimesteps: trainingTimesteps);

    /// <summary>Does nothing: parts are registered under the names of the layout, and under no others.</summary>
    protected override void RegisterComponents()
    {
    }

    /// <summary>Disposes the network behind too.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            network.Dispose();
        }

        base.Dispose(disposing);
    }

    private static Tensor Detail(Tensor x)
    {
        Tensor around = Sums(x) / Sums(ones([1, 1, .. x.shape[2..]], x.dtype, x.device));
        Tensor detail = x - around;
        return detail * (detail.square().mean([1, 2, 3], keepdim: true) + DetailEps).rsqrt();
    }

    // Of each pixel and its neighbours, where there are some: a tenth of the time of torch's pooling.
    private static Tensor Sums(Tensor x)
    {
        (long height, long width) = (x.shape[2], x.shape[3]);
        Tensor rows = nn.functional.pad(x, [0, 0, 1, 1]);
        Tensor three = (rows.narrow(2, 0, height) + rows.narrow(2, 1, height)).add_(rows.narrow(2, 2, height));
        Tensor columns = nn.functional.pad(three, [1, 1]);
        return (columns.narrow(3, 0, width) + columns.narrow(3, 1, width)).add_(columns.narrow(3, 2, width));
    }

    private Tensor Folded(Tensor images)
    {
        Input.Sides(images, Config.ImageChannels, Config.PatchSize);
        return nn.functional.pixel_unshuffle(images, Config.PatchSize);
    }
}
