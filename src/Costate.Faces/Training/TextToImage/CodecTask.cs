using Costate.Faces.Drawing;
using Costate.Faces.Pictures;
using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Training.TextToImage;

/// <summary>
/// An autoencoder learns to make few numbers of a face, and the face of them: the first stage of latent diffusion (Rombach et al. 2022).
/// Its loss counts absolute and squared errors, errors of the differences between neighbours, which keep edges sharp, and a little of
/// how far the latents are from standard normal numbers. At first it counts too how far the first latents are from the picture's own
/// colours at their size: left to itself, such a network finds out late how to tell colours. Once the encoder is trained, the decoder can
/// learn on alone: latents stay what they are, and so does what was trained on them.
/// </summary>
internal sealed class CodecTask : TrainingTask
{
    // Apart from all that other held-out people are for.
    private const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 400_000;
    private const int MaxHeldOut = 64;
    private const int MaxShown = 8;
    private const int Measured = 2048;
    private const int Together = 8;
    private const double Squares = 4;
    private const double Edges = 0.5;
    private const double Divergence = 1e-4;
    private const double FirstLogVariance = -6;
    private const double ColoursUntil = 0.2;
    private const int ColourFaces = 64;
    private const double ColourGain = 3;
    private const double LatentGain = 5;

    private readonly FaceData data;
    private readonly TrainingSettings settings;
    private readonly TextModelFolder model;
    private readonly AutoencoderKL network;
    private readonly AutoencoderKL average;
    private readonly Lazy<Tensor> heldOut;

    // Of the trained codec whose decoder learns on; null for a new codec.
    private readonly (string Encoder, double ScalingFactor)? trained;

    /// <param name="config">The network's shape.</param>
    /// <param name="model">Where it is written.</param>
    /// <param name="data">What it learns from.</param>
    /// <param name="settings">How.</param>
    /// <param name="decoderAlone">Whether the decoder of the model's trained codec learns on.</param>
    internal CodecTask(
        AutoencoderKLConfig config, TextModelFolder model, FaceData data, TrainingSettings settings, bool decoderAlone = false)
    {
        (this.data, this.settings, this.model) = (data, settings, model);
        FaceSelection others = data.Selection with { Identities = Math.Min(MaxHeldOut, data.Identities), Circumstances = 1 };
        heldOut = new(() => FaceData.HeldOut(others, FirstIdentity).DetachFromDisposeScope());
        network = new AutoencoderKL(config);
        average = new AutoencoderKL(config);
        average.eval();
        using var random = new StepRandom(settings.Seed, 0);
        random.Initialise(network);
        Residual.BeginAtZero(network, "conv2.weight");
        BeginWithLittleNoise(network);
        BeginWithColours(network, data);
        trained = decoderAlone ? BeginTrained(config) : null;
        Parameters =
        [
            .. AutoencoderTask.Trained(network, average)
                .Where(p => trained is null || p.Name.StartsWith("decoder.", StringComparison.Ordinal)
                    || p.Name.StartsWith("post_quant_conv.", StringComparison.Ordinal)),
        ];
        var own = new Dictionary<string, string>
        {
            ["channels"] = string.Join(", ", config.BlockOutChannels),
            ["data"] = data.Selection.Description,
        };
        if (trained is var (encoder, _))
        {
            own.Add(TextModelFolder.EncoderRemark, encoder);
        }

        Settings = own;
    }

    internal override IReadOnlyList<TrainedParameter> Parameters { get; }

    internal override IReadOnlyDictionary<string, string> Settings { get; }

    internal override IReadOnlyList<string> Measures => ["psnr"];

    internal override double Accumulate(StepRandom random, double progress)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor indices = random.Integers(data.Count, settings.Batch);
        double sum = 0;
        for (int first = 0; first < settings.Batch; first += settings.MicroBatch)
        {
            using DisposeScope part = NewDisposeScope();
            int count = Math.Min(settings.MicroBatch, settings.Batch - first);
            Tensor loss = Loss(data.Faces(indices.narrow(0, first, count)), random, progress) * ((double)count / settings.Batch);
            loss.backward();
            sum += loss.item<float>();
        }

        return sum;
    }

    internal override IReadOnlyList<double> Validate(string folder, long step)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor faces = heldOut.Value;
        Tensor decoded = cat([.. faces.split(Together).Select(part => average.Decode(average.Encode(part).Mean))], 0);
        int shown = (int)Math.Min(MaxShown, faces.shape[0]);
        ContactSheet.WriteFile(
            Path.Combine(folder, $"samples-{step:0000000}.png"), cat([faces.narrow(0, 0, shown), decoded.narrow(0, 0, shown)], 0), shown);
        return [AutoencoderTask.Psnr(decoded, faces)];
    }

    internal override string Save(string folder, IReadOnlyDictionary<string, string> metadata) =>
        model.WriteCodec(average, average.Config with { ScalingFactor = trained?.ScalingFactor ?? (1 / LatentDeviation()) }, metadata);

    public override void Dispose()
    {
        network.Dispose();
        average.Dispose();
        if (heldOut.IsValueCreated)
        {
            heldOut.Value.Dispose();
        }
    }

    // Of deviation 1, as untrained weights give it, it would drown the latents, which are small at first.
    private static void BeginWithLittleNoise(AutoencoderKL network)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        network.get_parameter("quant_conv.bias")!.narrow(0, network.Config.LatentChannels, network.Config.LatentChannels)
            .fill_(FirstLogVariance);
    }

    // Light varies far more than hue: a network of usual random weights hardly sees whether a picture is green or purple, and learns it
    // last. The first weights see differences of colour in units of how far they vary.
    private static void BeginWithColours(AutoencoderKL network, FaceData data)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor faces = data.Faces(arange(Math.Min(ColourFaces, data.Count), ScalarType.Int64));
        Tensor pixels = faces.permute(0, 2, 3, 1).reshape(-1, faces.shape[1]);
        Tensor centred = pixels - pixels.mean([0]);
        (Tensor variances, Tensor axes) = linalg.eigh(centred.t().mm(centred) / pixels.shape[0]);
        Tensor units = (axes / (variances + 1e-3).sqrt()).mm(axes.t()) * ColourGain;
        Tensor first = network.get_parameter("encoder.conv_in.weight")!;
        first.copy_(einsum("oikl,ip->opkl", first, units));
        network.get_parameter("decoder.conv_in.weight")!.mul_(LatentGain);
    }

    private Tensor Loss(Tensor faces, StepRandom random, double progress)
    {
        LatentDistribution latents = Encoded(faces);
        Tensor drawn = latents.Mean + (random.Normal(latents.Mean.shape) * (latents.LogVariance / 2).exp());
        Tensor error = network.Decode(drawn) - faces;
        Tensor edges = Difference(error, 2).abs().mean() + Difference(error, 3).abs().mean();
        Tensor shown = error.abs().mean() + (error.square().mean() * Squares) + (edges * Edges);
        if (trained is not null)
        {
            return shown;
        }

        Tensor divergence = (latents.Mean.square() + latents.LogVariance.exp() - 1 - latents.LogVariance).mean() / 2;
        Tensor loss = shown + (divergence * Divergence);
        double led = Math.Max(0, 1 - (progress / ColoursUntil));
        return led > 0 ? loss + (AwayFromColours(latents.Mean, faces) * led) : loss;
    }

    private LatentDistribution Encoded(Tensor faces)
    {
        using IDisposable? noGraph = trained is null ? null : no_grad();
        return network.Encode(faces);
    }

    private (string Encoder, double ScalingFactor) BeginTrained(AutoencoderKLConfig config)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        using AutoencoderKL codec = model.OpenCodec(config);
        foreach ((Parameter own, Parameter other) in network.parameters().Zip(codec.parameters()))
        {
            own.copy_(other);
        }

        return (model.EncoderDigest, codec.Config.ScalingFactor);
    }

    private static Tensor AwayFromColours(Tensor latents, Tensor faces)
    {
        Tensor colours = nn.functional.avg_pool2d(faces, faces.shape[3] / latents.shape[3]);
        return (latents.narrow(1, 0, colours.shape[1]) - colours).square().mean();
    }

    private static Tensor Difference(Tensor image, int dimension)
    {
        long count = image.shape[dimension] - 1;
        return image.narrow(dimension, 1, count) - image.narrow(dimension, 0, count);
    }

    private double LatentDeviation()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor chosen = arange(Math.Min(Measured, data.Count), ScalarType.Int64);
        Tensor[] latents = [.. chosen.split(Together).Select(part => average.Encode(data.Faces(part)).Mean)];
        return cat(latents, 0).std().item<float>();
    }
}
