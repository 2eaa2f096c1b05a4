using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Recognition;

namespace Costate.Faces.Training;

/// <summary>
/// How all networks that make an embedded model are trained, from nothing, on drawn faces: the diffusion autoencoder, the recognisers and
/// the judges of attributes; and on which people the recognisers are calibrated.
/// </summary>
/// <remarks>Immutable. Nothing but drawn faces goes into the training.</remarks>
public sealed class TrainingRecipe
{
    /// <summary>Channels of the first stage of the attribute judges.</summary>
    internal const int AttributeWidth = 16;

    // A recogniser needs far less time than the autoencoder.
    private const double AutoencoderShare = 0.6;

    internal TrainingRecipe(IReadOnlyList<TrainingPart> parts) => Parts = parts;

    /// <summary>The names of the networks, in the order in which they are trained.</summary>
    public IReadOnlyList<string> Names => [.. Parts.Select(part => part.Name)];

    internal IReadOnlyList<TrainingPart> Parts { get; }

    internal int CalibrationIdentities { get; init; }

    internal int CalibrationPictures { get; init; }

    /// <summary>The recipe of the model that comes with the package.</summary>
    /// <param name="minutes">For all parts together, three fifths of them for the autoencoder; drawing and calibrating take a few more. The
    /// weights depend on the machine's speed, since more steps fit into the time of a faster one.</param>
    /// <exception cref="ArgumentException">The minutes are no positive number.</exception>
    public static TrainingRecipe Embedded(double minutes)
    {
        if (!(minutes > 0 && double.IsFinite(minutes)))
        {
            throw new InputException(nameof(minutes), $"{minutes}", "a positive number");
        }

        TrainingPart autoencoder = Autoencoder(
            PatchedAutoencoderConfig.Faces64,
            TrainingDefaults.Autoencoder with { Minutes = AutoencoderShare * minutes },
            lossFallsTo: 0.5);
        double each = (1 - AutoencoderShare) * minutes / (EmbeddedRecogniser.AllNames.Count + 1);
        return new TrainingRecipe(
        [
            autoencoder,
            .. Recognisers(width => width, TrainingDefaults.Recogniser with { Minutes = each }, lossFallsTo: 0.5),
            Attributes(AttributeWidth, TrainingDefaults.AttributeJudges with { Minutes = each }, lossFallsTo: 0.5),
        ])
        {
            CalibrationIdentities = 1000,
            CalibrationPictures = 4,
        };
    }

    /// <summary>The same parts, small and for a few steps, to see in less than a minute that everything still learns.</summary>
    public static TrainingRecipe Check()
    {
        PatchedAutoencoderConfig embedded = PatchedAutoencoderConfig.Faces64;
        PatchedAutoencoderConfig small = embedded with
        {
            // Nothing begins at zero, so that a hundred steps go far.
            Network = embedded.Network with
            {
                ChannelMult = [1, 1],
                EncChannelMult = [1, 1],
                EmbedChannels = 32,
                EncOutChannels = 32,
                ResnetCondChannels = 32,
                ResnetUseZeroModule = false,
            },
        };
        var few = new TrainingDefaults
        {
            Steps = 100,
            Batch = 4,
            MicroBatch = 4,
            LearningRate = 4e-3,
            WeightDecay = 0,
            Faces = new FaceSelection { Identities = 4, Circumstances = 2 },
        };
        TrainingDefaults more = few with
        {
            Steps = 60,
            Batch = 16,
            MicroBatch = 16,
            Faces = new FaceSelection { Identities = 16, Circumstances = 8 },
        };
        return new TrainingRecipe(
        [
            // All of the loss from the first step on, so that the first can be compared with the last.
            Autoencoder(small, few, lossFallsTo: 0.8, encoderFirst: 0),
            .. Recognisers(_ => 8, more, lossFallsTo: 0.8),
            Attributes(8, more with { Faces = more.Faces with { Size = AttributeJudges.Side } }, lossFallsTo: 0.8),
        ])
        {
            CalibrationIdentities = 50,
            CalibrationPictures = 2,
        };
    }

    /// <summary>
    /// Trains all networks in a folder, measures the recognisers' thresholds, and returns the folder of weights, which
    /// <see cref="FaceModel.Embedded"/> takes. A folder that has a part of it already is gone on with.
    /// </summary>
    /// <param name="folder">Where; created if it is missing. Held by this run alone.</param>
    /// <param name="threads">That draw faces. The number of torch's threads is the caller's. The default value is 1.</param>
    /// <param name="progress">Told of each network and each step, on a thread that computes.</param>
    /// <param name="cancellationToken">Looked at between two steps; the folder then has a checkpoint, from which the same call goes
    /// on.</param>
    /// <exception cref="IOException">The folder cannot be written to, or another run has it.</exception>
    /// <exception cref="InvalidDataException">The folder has another training, or a loss is no number any more.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public string Train(
        string folder,
        int threads = 1,
        IProgress<StageProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (threads < 1)
        {
            throw new InputException(nameof(threads), $"{threads}", "at least 1");
        }

        var run = new RecipeRun(this, Path.GetFullPath(folder), threads, "a training", progress);
        run.Run(cancellationToken);
        return run.Weights;
    }

    private static TrainingPart Autoencoder(
        PatchedAutoencoderConfig config,
        TrainingDefaults defaults,
        double lossFallsTo,
        double? encoderFirst = null) => new()
        {
            Name = "autoencoder",
            WeightsFile = EmbeddedModel.AutoencoderFile,
            Faces = defaults.Faces,
            Settings = defaults.Settings(seed: 1),
            Create = (faces, settings) => new AutoencoderTask(config, faces, settings, encoderFirst: encoderFirst),
            LossFallsTo = lossFallsTo,
        };

    private static TrainingPart Attributes(int width, TrainingDefaults defaults, double lossFallsTo) => new()
    {
        Name = "attribute-judges",
        WeightsFile = AttributeJudges.FileName,
        Faces = defaults.Faces,
        Settings = defaults.Settings(seed: 41),
        Create = (faces, settings) => new AttributeTask(AttributeJudges.Config(width), faces, settings),
        LossFallsTo = lossFallsTo,
    };

    // Different losses, widths and seeds, so that what deceives one need not deceive the others.
    private static IEnumerable<TrainingPart> Recognisers(Func<int, int> widthOf, TrainingDefaults defaults, double lossFallsTo)
    {
        (string Loss, int Width, ulong Seed)[] all =
        [
            ("arcface", 24, 11),
            ("adaface", 16, 21),
            ("arcface", 16, 22),
            ("elasticface", 24, 23),
            ("cosface", 16, 31),
        ];
        return EmbeddedRecogniser.AllNames.Zip(all, (name, own) => new TrainingPart
        {
            Name = name,
            WeightsFile = EmbeddedRecogniser.FileOf(name),
            Faces = defaults.Faces,
            Settings = defaults.Settings(own.Seed),
            Create = (faces, settings) =>
                new RecogniserTask(new FaceRecogniserConfig { Width = widthOf(own.Width) }, own.Loss, faces, settings),
            LossFallsTo = lossFallsTo,
        });
    }
}
