using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Faces.Recognition;
using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Training.TextToImage;

/// <summary>
/// A text tower and an image tower learn which caption belongs to which face of a batch, by the cosine of their embeddings (CLIP, Radford
/// et al. 2021). A text's embedding is the text tower's pooled state itself, without a projection, and a <see cref="MentionReader"/> keeps
/// in it all that captions say.
/// </summary>
internal sealed class ClipPairTask : TrainingTask
{
    // Apart from all that other held-out people are for.
    private const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 420_000;
    private const int MaxHeldOut = 256;
    private const int Together = 64;
    private const double FirstScale = 14;
    private const double LargestScale = 100;
    private const double Noise = 0.1;
    private const double ReaderWeight = 0.5;

    // A step moves a weight by the learning rate, so that only large states can be read soon.
    private const double ReaderScale = 8;

    private readonly FaceData data;
    private readonly TrainingSettings settings;
    private readonly TextModelFolder model;
    private readonly CaptionTokens captions;
    private readonly ClipTextModel text;
    private readonly ClipTextModel textAverage;
    private readonly FaceRecogniser image;
    private readonly FaceRecogniser imageAverage;
    private readonly Parameter logScale;
    private readonly MentionReader reader;
    private readonly Tensor frequencies;
    private readonly int start;
    private readonly Lazy<(Tensor Faces, Tensor Ids, Tensor Labels)> heldOut;

    /// <param name="textConfig">The text tower's shape.</param>
    /// <param name="imageConfig">The image tower's; its embeddings are as wide as the text tower's states.</param>
    /// <param name="model">Where they are written.</param>
    /// <param name="data">What they learn from.</param>
    /// <param name="settings">How.</param>
    /// <param name="from">A model whose pair is gone on with; null to begin with random weights.</param>
    internal ClipPairTask(
        ClipTextConfig textConfig,
        FaceRecogniserConfig imageConfig,
        TextModelFolder model,
        FaceData data,
        TrainingSettings settings,
        TextModelFolder? from = null)
    {
        (this.data, this.settings, this.model) = (data, settings, model);
        ClipTokenizer tokenizer = model.Tokenizer;
        start = tokenizer.Start;
        captions = new CaptionTokens(tokenizer, data.Selection);
        FaceSelection others = data.Selection with { Identities = Math.Min(MaxHeldOut, data.Identities), Circumstances = 1 };
        heldOut = new(() => HeldOut(new CaptionTokens(tokenizer, others, FirstIdentity), others));
        (text, textAverage) = (new ClipTextModel(textConfig), new ClipTextModel(textConfig));
        (image, imageAverage) = (new FaceRecogniser(imageConfig), new FaceRecogniser(imageConfig));
        textAverage.eval();
        imageAverage.eval();
        using var random = new StepRandom(settings.Seed, 0);
        random.Initialise(text);
        random.Initialise(image);
        reader = new MentionReader(textConfig.HiddenSize);
        frequencies = FaceFrequencies.Of(data.Selection).DetachFromDisposeScope();
        FirstStep = from?.CopyPair(text, image) ?? 0;
        logScale = new Parameter(tensor((float)Math.Log(FirstScale)));
        logScale.DetachFromDisposeScope();
        Parameters =
        [
            .. AutoencoderTask.Trained(text, textAverage),
            .. AutoencoderTask.Trained(image, imageAverage).Select(p => p with { Name = $"image.{p.Name}" }),
            new TrainedParameter("log_scale", logScale, null),
            .. reader.Parameters,
        ];
        Settings = new Dictionary<string, string>
        {
            ["text-width"] = $"{textConfig.HiddenSize}",
            ["image-width"] = $"{imageConfig.Width}",
            ["data"] = data.Selection.Description,
        };
    }

    internal override IReadOnlyList<TrainedParameter> Parameters { get; }

    internal override long FirstStep { get; }

    internal override IReadOnlyDictionary<string, string> Settings { get; }

    internal override IReadOnlyList<string> Measures => ["faces_find_captions", "captions_find_faces", "mentions_read"];

    internal override double Accumulate(StepRandom random, double progress)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor indices = random.Places(frequencies, settings.Batch);
        IReadOnlyList<FaceCaption> said = captions.Draw(indices, random);
        Tensor ids = captions.Of(said);

        // All pairs of a batch count, but small portions of it go through the towers faster.
        Tensor ofFaces = cat([.. indices.split(settings.MicroBatch).Select(part => image.Embed(Disturbed(data.Faces(part), random)))], 0);
        Tensor ofTexts = cat([.. ids.split(settings.MicroBatch).Select(part => TextLikeness.Embed(text, part))], 0);
        using Scalar most = LargestScale;
        Tensor loss = Loss(ofFaces, ofTexts, logScale.exp().clamp(max: most))
            + (reader.Loss(Read(ofTexts), MentionReader.Labels(said)) * ReaderWeight);
        loss.backward();
        return loss.item<float>();
    }

    internal override IReadOnlyList<double> Validate(string folder, long step)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        (Tensor faces, Tensor ids, Tensor labels) = heldOut.Value;
        double byFace = 0, byText = 0;
        Tensor ofTexts = TextLikeness.Embed(textAverage, ids);
        foreach ((Tensor some, Tensor theirs) in faces.split(Together).Zip(ofTexts.split(Together)))
        {
            Tensor likeness = imageAverage.Embed(some).mm(theirs.t());
            Tensor own = arange(likeness.shape[0], ScalarType.Int64);
            byFace += likeness.argmax(1).eq(own).sum().item<long>();
            byText += likeness.argmax(0).eq(own).sum().item<long>();
        }

        return [byFace / faces.shape[0], byText / faces.shape[0], reader.Accuracy(Read(ofTexts), labels)];
    }

    internal override string Save(string folder, IReadOnlyDictionary<string, string> metadata)
    {
        model.WriteImage(imageAverage, metadata);
        return model.WriteText(textAverage, start, metadata);
    }

    /// <summary>The mean of the cross-entropies of the caption of each face and of the face of each caption.</summary>
    /// <param name="ofFaces">Embeddings of unit length, [batch, width].</param>
    /// <param name="ofTexts">Those of their captions.</param>
    /// <param name="scale">By what cosines are multiplied.</param>
    internal static Tensor Loss(Tensor ofFaces, Tensor ofTexts, Tensor scale)
    {
        Tensor likeness = ofFaces.mm(ofTexts.t()) * scale;
        Tensor own = arange(likeness.shape[0], ScalarType.Int64);
        return (nn.functional.cross_entropy(likeness, own) + nn.functional.cross_entropy(likeness.t(), own)) / 2;
    }

    public override void Dispose()
    {
        text.Dispose();
        textAverage.Dispose();
        image.Dispose();
        imageAverage.Dispose();
        logScale.Dispose();
        reader.Dispose();
        frequencies.Dispose();
        if (heldOut.IsValueCreated)
        {
            heldOut.Value.Faces.Dispose();
            heldOut.Value.Ids.Dispose();
            heldOut.Value.Labels.Dispose();
        }
    }

    // Of embeddings of unit length: their entries are brought to one first.
    private static Tensor Read(Tensor embeddings) => embeddings * (ReaderScale * Math.Sqrt(embeddings.shape[1]));

    private static (Tensor Faces, Tensor Ids, Tensor Labels) HeldOut(CaptionTokens tokens, FaceSelection others)
    {
        IReadOnlyList<FaceCaption> told = tokens.First(others.Count);
        return (
            FaceData.HeldOut(others, FirstIdentity).DetachFromDisposeScope(),
            tokens.Of(told).DetachFromDisposeScope(),
            MentionReader.Labels(told).DetachFromDisposeScope());
    }

    // So that neither place nor grain gives a face away.
    private static Tensor Disturbed(Tensor faces, StepRandom random) =>
        FaceAugmentation.Shifted(faces, random)
        + (random.Normal(faces.shape) * (random.Uniform(faces.shape[0], 1, 1, 1).square() * Noise));
}
