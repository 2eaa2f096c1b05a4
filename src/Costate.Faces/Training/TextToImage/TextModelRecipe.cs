using Costate.Faces.Drawing;
using Costate.Faces.Recognition;
using Costate.Networks;

namespace Costate.Faces.Training.TextToImage;

/// <summary>The shapes of a text-to-image model's networks, and how each is trained.</summary>
internal sealed record TextModelRecipe
{
    internal const string CodecName = "codec";
    internal const string DecoderName = "decoder";
    internal const string PairName = "clip";
    internal const string UnetName = "unet";

    /// <summary>Height and width of the pictures.</summary>
    internal const int Side = 128;

    private const string LatentsFile = "latents.safetensors";
    private const string TwinsFile = "twins.safetensors";
    private const int LatentSide = Side / 8;
    private const int Tokens = 672;
    private const double CodecShare = 0.15;
    private const double DecoderShare = 0.05;
    private const double PairShare = 0.07;

    private static readonly FaceSelection Drawn =
        new() { Identities = 10_000, Circumstances = 3, EvenGlasses = true, Size = Side };

    public required AutoencoderKLConfig Codec { get; init; }

    public required ClipTextConfig Text { get; init; }

    public required FaceRecogniserConfig Image { get; init; }

    public required UNet2DConditionConfig Unet { get; init; }

    public required TrainingDefaults CodecTraining { get; init; }

    public required TrainingDefaults DecoderTraining { get; init; }

    public required TrainingDefaults PairTraining { get; init; }

    public required TrainingDefaults UnetTraining { get; init; }

    /// <summary>Of how many people the U-Net sees <see cref="FaceTwins"/>.</summary>
    public required int Twins { get; init; }

    /// <summary>The share of its first loss below which the last must be for the training to have learnt, for each part.</summary>
    public required IReadOnlyDictionary<string, double> LossesFallTo { get; init; }

    /// <summary>Of the first part; the others have the next.</summary>
    public ulong Seed { get; init; } = 51;

    /// <summary>The model that comes with the tool.</summary>
    /// <param name="minutes">For all parts together; null for the steps that were chosen for it.</param>
    internal static TextModelRecipe Embedded(double? minutes = null) => new()
    {
        Codec = CodecOf(16, 32, 64, 96),
        Text = TextOf(width: 128, layers: 4),
        Image = ImageOf(Side, width: 16, embedding: 128),
        Unet = UnetOf(text: 128, 96, 144),
        CodecTraining = new TrainingDefaults
        {
            Steps = minutes is null ? 7000 : null,
            Minutes = CodecShare * minutes ?? 0,
            Batch = 2,
            MicroBatch = 2,
            LearningRate = 1e-3,
            WeightDecay = 0.01,
            Faces = Drawn,
        },
        DecoderTraining = new TrainingDefaults
        {
            Steps = minutes is null ? 3000 : null,
            Minutes = DecoderShare * minutes ?? 0,
            Batch = 2,
            MicroBatch = 2,
            LearningRate = 5e-4,
            WeightDecay = 0.01,
            Faces = Drawn,
        },
        PairTraining = new TrainingDefaults
        {
            Steps = minutes is null ? 2600 : null,
            Minutes = PairShare * minutes ?? 0,
            Batch = 128,
            MicroBatch = 16,
            LearningRate = 1e-3,
            WeightDecay = 0.05,
            Faces = Drawn,
        },
        UnetTraining = new TrainingDefaults
        {
            Steps = minutes is null ? 15_500 : null,
            Minutes = (1 - CodecShare - DecoderShare - PairShare) * minutes ?? 0,
            Batch = 16,
            MicroBatch = 16,
            LearningRate = 1e-3,
            WeightDecay = 0.01,
            Faces = Drawn,
        },
        Twins = 2500,
        LossesFallTo = new Dictionary<string, double>
        {
            [CodecName] = 0.3,
            [DecoderName] = 1,
            [PairName] = 0.6,
            [UnetName] = 0.6,
        },
    };

    /// <summary>The same parts, small and for a few steps, to see in less than a minute that everything still learns.</summary>
    internal static TextModelRecipe Check()
    {
        const int side = Side / 2;
        var few = new TrainingDefaults
        {
            Steps = 60,
            Batch = 4,
            MicroBatch = 4,
            LearningRate = 4e-3,
            WeightDecay = 0,
            Faces = new FaceSelection { Identities = 8, Circumstances = 2, Size = side },
        };
        return new TextModelRecipe
        {
            Codec = CodecOf(16, 16, 16, 16),
            Text = TextOf(width: 32, layers: 1),
            Image = ImageOf(side, width: 8, embedding: 32),
            Unet = UnetOf(text: 32, 32, 32),
            CodecTraining = few,
            DecoderTraining = few,
            PairTraining = few with { Batch = 8, MicroBatch = 8 },
            UnetTraining = few with { Batch = 8, MicroBatch = 8 },
            Twins = 4,
            LossesFallTo = new Dictionary<string, double>
            {
                [CodecName] = 0.8,
                [DecoderName] = 0.95,
                [PairName] = 0.8,
                [UnetName] = 0.9,
            },
        };
    }

    /// <summary>The parts in the order in which they are trained.</summary>
    /// <param name="model">Where the networks are written.</param>
    /// <param name="folder">Where latents are kept.</param>
    /// <param name="from">A model whose pair and U-Net, as far as it has them, are gone on with; null to begin with random weights.</param>
    /// <param name="progress">Told the share of the faces that have been encoded, and then of their twins.</param>
    /// <param name="cancellationToken">Looked at between the faces to encode.</param>
    internal IReadOnlyList<TrainingPart> Parts(
        TextModelFolder model,
        string folder,
        TextModelFolder? from,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken) =>
    [
        new()
        {
            Name = CodecName,
            WeightsFile = TextModelFolder.CodecFile,
            Faces = CodecTraining.Faces,
            Settings = CodecTraining.Settings(Seed),
            Create = (faces, settings) => new CodecTask(Codec, model, faces, settings),
            LossFallsTo = LossesFallTo[CodecName],
        },
        new()
        {
            Name = DecoderName,
            WeightsFile = TextModelFolder.CodecFile,
            IsDone = () => model.CodecRemark(TextModelFolder.EncoderRemark) is not null,
            Faces = DecoderTraining.Faces,
            Settings = DecoderTraining.Settings(Seed + 3),
            Create = (faces, settings) => new CodecTask(Codec, model, faces, settings, decoderAlone: true),
            LossFallsTo = LossesFallTo[DecoderName],
        },
        new()
        {
            Name = PairName,
            WeightsFile = TextModelFolder.TextFile,
            Faces = PairTraining.Faces,
            Settings = PairTraining.Settings(Seed + 1),
            Create = (faces, settings) => new ClipPairTask(
                Text, Image, model, faces, settings, Begun(from, TextModelFolder.TextFile)),
            LossFallsTo = LossesFallTo[PairName],
        },
        new()
        {
            Name = UnetName,
            WeightsFile = TextModelFolder.UnetFile,
            Faces = UnetTraining.Faces,
            Settings = UnetTraining.Settings(Seed + 2),
            Create = (faces, settings) => UnetTask(
                model, folder, faces, settings, Begun(from, TextModelFolder.UnetFile), progress, cancellationToken),
            LossFallsTo = LossesFallTo[UnetName],
        },
    ];

    private static TextModelFolder? Begun(TextModelFolder? from, string part) => from?.Has(part) == true ? from : null;

    private TextUnetTask UnetTask(
        TextModelFolder model,
        string folder,
        FaceData faces,
        TrainingSettings settings,
        TextModelFolder? from,
        IProgress<StageProgress>? progress,
        CancellationToken cancellationToken)
    {
        using AutoencoderKL codec = model.OpenCodec(Codec);
        string digest = model.EncoderDigest;
        ClipTextModel text = model.OpenText(Text);
        FaceLatents? latents = null;
        FaceTwins? twins = null;
        try
        {
            latents = FaceLatents.Open(
                Path.Combine(folder, LatentsFile), codec, digest, faces, Encoding("encoding faces"), cancellationToken);
            twins = FaceTwins.Open(
                Path.Combine(folder, TwinsFile), codec, digest, Twins, faces.Selection.Size, Encoding("encoding twins"), cancellationToken);
            return new TextUnetTask(Unet, codec, text, latents, twins, model, faces.Selection, settings, from);
        }
        catch
        {
            text.Dispose();
            latents?.Dispose();
            twins?.Dispose();
            throw;
        }

        Listener<double> Encoding(string stage) => new(share => progress?.Report(new StageProgress(stage, share)));
    }

    // As many tokens as the vocabulary that is learnt from captions has, of which the last ends a text.
    private static ClipTextConfig TextOf(int width, int layers) => new()
    {
        VocabSize = Tokens,
        HiddenSize = width,
        IntermediateSize = 4 * width,
        ProjectionDim = width,
        NumHiddenLayers = layers,
        NumAttentionHeads = 4,
        MaxPositionEmbeddings = TextModelFolder.TextLength,
        EosTokenId = Tokens - 1,
    };

    private static FaceRecogniserConfig ImageOf(int side, int width, int embedding) =>
        new() { ImageSize = side, Width = width, EmbeddingWidth = embedding };

    private static UNet2DConditionConfig UnetOf(int text, params int[] channels) => new()
    {
        SampleSize = (LatentSide, LatentSide),
        BlockOutChannels = channels,
        DownBlockTypes = [.. channels.Select(_ => "CrossAttnDownBlock2D")],
        UpBlockTypes = [.. channels.Select(_ => "CrossAttnUpBlock2D")],
        LayersPerBlock = [1],
        NormNumGroups = 16,
        CrossAttentionDim = [text],
        AttentionHeadDim = [4],
        ResnetTimeScaleShift = "scale_shift",
        TimeEmbeddingDim = 256,
    };

    // Latents are an eighth of the picture's side.
    private static AutoencoderKLConfig CodecOf(params int[] channels) => new()
    {
        BlockOutChannels = channels,
        DownBlockTypes = [.. channels.Select(_ => "DownEncoderBlock2D")],
        UpBlockTypes = [.. channels.Select(_ => "UpDecoderBlock2D")],

        // Four channels a group at least: of fewer, a normalisation leaves no colour that all of a picture has.
        NormNumGroups = 4,
        MidBlockAddAttention = false,
        SampleSize = (Side, Side),
    };
}
