using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Recognition;

namespace Costate.Faces.Training;

/// <summary>All networks that make an embedded model, and the people whom its recognisers are calibrated on.</summary>
internal sealed record TrainingRecipe
{
    /// <summary>Channels of the first stage of the attribute judges.</summary>
    internal const int AttributeWidth = 16;

    // A recogniser needs far less time than the autoencoder.
    private const double AutoencoderShare = 0.6;

    public required IReadOnlyList<TrainingPart> Parts { get; init; }

    public required int CalibrationIdentities { get; init; }

    public required int CalibrationPictures { get; init; }

    /// <summary>The model that comes with the tool.</summary>
    /// <param name="minutes">For all parts together.</param>
    internal static TrainingRecipe Embedded(double minutes)
    {
        TrainingPart autoencoder = Autoencoder(
            PatchedAutoencoderConfig.Faces64,
            TrainingDefaults.Autoencoder with { Minutes = AutoencoderShare * minutes },
            lossFallsTo: 0.5);
        double each = (1 - AutoencoderShare) * minutes / (EmbeddedRecogniser.AllNames.Count + 1);
        return new TrainingRecipe
        {
            Parts =
            [
                autoencoder,
                .. Recognisers(width => width, TrainingDefaults.Recogniser with { Minutes = each }, lossFallsTo: 0.5),
                Attributes(AttributeWidth, TrainingDefaults.AttributeJudges with { Minutes = each }, lossFallsTo: 0.5),
            ],
            CalibrationIdentities = 1000,
            CalibrationPictures = 4,
        };
    }

    /// <summary>The same parts, small and for a few steps, to see in less than a minute that everything still learns.</summary>
    internal static TrainingRecipe Check()
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
        return new TrainingRecipe
        {
            Parts =
            [
                // All of the loss from the first step on, so that the first can be compared with the last.
                Autoencoder(small, few, lossFallsTo: 0.8, encoderFirst: 0),
                .. Recognisers(_ => 8, more, lossFallsTo: 0.8),
                Attributes(8, more with { Faces = more.Faces with { Size = AttributeJudges.Side } }, lossFallsTo: 0.8),
            ],
            CalibrationIdentities = 50,
            CalibrationPictures = 2,
        };
    }

    private static TrainingPart Autoencoder(
        PatchedAutoencoderConfig config,
        TrainingDefaults defaults,
        double lossFallsTo,
        double encoderFirst = AutoencoderTask.EncoderFirst) => new()
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
