using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>
/// All of the folder of a pipeline with a transformer but the weights: what it is made of, its tokenizers, its scheduler and the shapes of
/// its networks, and how its network is told and called.
/// </summary>
internal abstract class TransformerFamily
{
    internal const string Network = "transformer";
    internal const string Vae = "vae";

    /// <summary>The pipelines that are read here.</summary>
    internal static readonly string[] Pipelines =
        ["StableDiffusion3Pipeline", "FluxPipeline", "PixArtAlphaPipeline", "PixArtSigmaPipeline", "DiTPipeline"];

    // What a flow's shift depends on, and what pipelines take where the scheduler's file does not say it.
    private readonly (int Tokens, double Shift) least;
    private readonly (int Tokens, double Shift) most;

    private protected TransformerFamily(string folder, JsonOptions index, string? scheduler, Prediction? prediction)
    {
        (Folder, Index) = (folder, index);
        Require("scheduler");
        Require(Vae, AutoencoderKLConfig.ClassName);
        string schedule = Path.Combine(folder, "scheduler", "scheduler_config.json");
        Scheduler = SchedulerConfiguration.OfPipeline(schedule, scheduler, prediction);
        VaeConfig = AutoencoderKLConfig.Read(Config(Vae));
        JsonOptions options = JsonOptions.Open(schedule);
        least = (options.Integer("base_image_seq_len", 256), options.Number("base_shift", 0.5));
        most = (options.Integer("max_image_seq_len", 4096), options.Number("max_shift", 1.15));
    }

    internal string Folder { get; }

    internal SchedulerConfiguration Scheduler { get; }

    internal AutoencoderKLConfig VaeConfig { get; }

    /// <summary>Its text encoders of CLIP.</summary>
    internal virtual IReadOnlyList<ClipPart> Clips => [];

    /// <summary>Its T5; null for none.</summary>
    internal virtual T5Part? Long => null;

    /// <summary>How it is guided.</summary>
    internal virtual GuidanceKind Guidance => GuidanceKind.ClassifierFree;

    /// <summary>The guidance scale unless another is given.</summary>
    internal abstract double UsualScale { get; }

    /// <summary>Of the pictures that the network was trained on, in pixels.</summary>
    internal virtual (int Height, int Width) PictureSize => VaeConfig.SampleSize;

    /// <summary>Width and number of the network's blocks, and how many tokens of a text they see.</summary>
    internal abstract (int Width, int Blocks, int Tokens) Shape { get; }

    /// <summary>What divides the sides of a picture: a patch of latents.</summary>
    internal int Multiple => PatchSize * VaeConfig.Factor;

    /// <summary>Side of a patch of latents.</summary>
    private protected abstract int PatchSize { get; }

    private protected JsonOptions Index { get; }

    /// <summary>Reads <c>model_index.json</c> and the small files of the parts that it names; null where it is of another kind.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="scheduler">Another scheduler to read the configuration as; null for its own.</param>
    /// <param name="prediction">What the network predicts; null for what the scheduler's file says.</param>
    internal static TransformerFamily? Read(string folder, string? scheduler = null, Prediction? prediction = null)
    {
        string path = Path.Combine(folder, "model_index.json");
        if (!File.Exists(path))
        {
            return null;
        }

        JsonOptions index = JsonOptions.Open(path);
        return index.OptionalText("_class_name", null) switch
        {
            "StableDiffusion3Pipeline" or "StableDiffusion3Img2ImgPipeline" => new Sd3Family(folder, index, scheduler, prediction),
            "PixArtAlphaPipeline" => new PixArtFamily(folder, index, scheduler, prediction, tokens: 120),
            "PixArtSigmaPipeline" => new PixArtFamily(folder, index, scheduler, prediction, tokens: 300),
            "DiTPipeline" => new DiTFamily(folder, index, scheduler, prediction),
            "FluxPipeline" or "FluxImg2ImgPipeline" => new FluxFamily(folder, index, scheduler, prediction),
            _ => null,
        };
    }

    /// <summary>A part's weights, by variant; parts other than the transformer have those without a word where there are none of
    /// it.</summary>
    internal WeightSource Open(string part, string? variant)
    {
        try
        {
            return WeightSource.Open(PathTo(part), variant);
        }
        catch (FileNotFoundException) when (variant is not null && part != Network)
        {
            return WeightSource.Open(PathTo(part));
        }
    }

    /// <summary>The published sampler for a number of steps and a picture of a size, in pixels.</summary>
    internal virtual ScheduledSampling ForSteps(int steps, (int Height, int Width) size) => Scheduler.ForSteps(steps, Shift(size));

    internal abstract nn.Module LoadNetwork(
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken);

    /// <summary>What makes conditions of texts.</summary>
    internal abstract IPipelineTexts Texts(TransformerNetworks networks, ScalarType dtype);

    /// <summary>The network's output, in the caller's dispose scope.</summary>
    /// <param name="network">The network.</param>
    /// <param name="x">Latents, [batch, channels, height, width].</param>
    /// <param name="t">What it is told of the time, [batch].</param>
    /// <param name="z">The condition.</param>
    /// <param name="scale">The guidance scale, of a network that is told it.</param>
    internal abstract Tensor Call(nn.Module network, Tensor x, Tensor t, Costate.Condition z, double scale);

    /// <summary>The shift of a scheduler whose shift depends on the size of the picture; null for another.</summary>
    private protected double? Shift((int Height, int Width) size)
    {
        if (!Scheduler.TakesShift)
        {
            return null;
        }

        double tokens = (double)(size.Height / Multiple) * (size.Width / Multiple);
        return least.Shift + ((tokens - least.Tokens) * (most.Shift - least.Shift) / (most.Tokens - least.Tokens));
    }

    private protected static Tensor Entry(Costate.Condition z, string name) => z.Names.Contains(name)
        ? z[name]
        : throw new InputException(
            "condition",
            $"a bundle of {string.Join(", ", z.Names)}",
            $"one with \"{name}\" in it",
            $"{nameof(DiffusionPipeline)}.{nameof(DiffusionPipeline.Condition)} makes it.");

    private protected string PathTo(string part) => Path.Combine(Folder, part);

    private protected string Config(string part) => Path.Combine(Folder, part, "config.json");

    private protected bool Has(string part) => Index.ComponentClass(part) is not null;

    /// <summary>Refuses a folder without a part, or with one of another class.</summary>
    private protected void Require(string part, params ReadOnlySpan<string> classes)
    {
        string index = Path.Combine(Folder, "model_index.json");
        string name = Index.ComponentClass(part)
            ?? throw new InvalidDataException(
                $"'{index}' has no {ErrorText.Quote(part)}, which the pipeline needs. Fetch the model again.");
        if (!classes.IsEmpty && !classes.Contains(name))
        {
            throw new NotSupportedException(
                $"'{index}' has a {ErrorText.Quote(part)} of the class {ErrorText.Quote(name)}, which is not supported; expected "
                    + $"{string.Join(" or ", classes.ToArray())}.");
        }

        if (!Directory.Exists(PathTo(part)))
        {
            throw new FileNotFoundException(
                $"There is no folder '{PathTo(part)}', the {ErrorText.Quote(part)} of the pipeline. Fetch it too.", PathTo(part));
        }
    }

    private protected ClipPart Clip(string part, string tokenizer, string className)
    {
        Require(part, className);
        Require(tokenizer, "CLIPTokenizer", "CLIPTokenizerFast");
        var read = new ClipPart(part, ClipTokenizer.FromPretrained(PathTo(tokenizer)), ClipTextConfig.Read(Config(part)));
        Fit(tokenizer, read.Tokenizer.VocabularySize <= read.Config.VocabSize,
            $"has {read.Tokenizer.VocabularySize} tokens", part, $"knows {read.Config.VocabSize}");
        Fit(tokenizer, read.Tokenizer.Length <= read.Config.MaxPositionEmbeddings,
            $"makes texts of {read.Tokenizer.Length} tokens", part, $"takes at most {read.Config.MaxPositionEmbeddings}");
        return read;
    }

    private protected T5Part T5(string part, string tokenizer)
    {
        Require(part, "T5EncoderModel");
        Require(tokenizer, "T5Tokenizer", "T5TokenizerFast");
        var read = new T5Part(part, SentencePieceTokenizer.FromPretrained(PathTo(tokenizer)), T5EncoderConfig.Read(Config(part)));
        Fit(tokenizer, read.Tokenizer.VocabularySize <= read.Config.VocabSize,
            $"has {read.Tokenizer.VocabularySize} tokens", part, $"knows {read.Config.VocabSize}");
        return read;
    }

    private protected void Fit(string part, bool fits, string does, string other, string otherDoes)
    {
        if (!fits)
        {
            throw new InvalidDataException(
                $"'{PathTo(part)}' {does}, but '{PathTo(other)}' {otherDoes}: they are of two models. Fetch both again.");
        }
    }

    /// <summary>Refuses a network of other latents than the autoencoder's; it may give as much again for a learned variance.</summary>
    private protected void RequireLatents(int taken, int given)
    {
        int channels = VaeConfig.LatentChannels;
        Fit(Network, taken == channels && (given == channels || given == 2 * channels),
            $"takes {taken} channels and gives {given}", Vae, $"makes latents of {channels}");
    }

    // A flow's network predicts its velocity, whatever is said of it.
    private protected void RefusePrediction(Prediction? prediction)
    {
        if (prediction is not null && prediction != Prediction.Flow)
        {
            throw new InputException(nameof(prediction), $"{prediction}", "left out: the network predicts the velocity of a flow");
        }
    }
}
