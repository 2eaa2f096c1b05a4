using System.Diagnostics;
using Costate.Cli.Files;
using Costate.Cli.Terminals;
using Costate.Faces.Captions;
using Costate.Faces.Files;
using Costate.Faces.Inputs;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using Costate.Faces.Pictures;
using Costate.Faces.Sampling;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary>A model and its inputs, read from what the options name, and a line that tells how far its run is. Owns the model.</summary>
internal sealed class SamplingSession : IDisposable
{
    private readonly long began = Stopwatch.GetTimestamp();
    private readonly SamplingSettings settings;
    private readonly OutputFolder folder;
    private readonly CommandContext context;
    private readonly Model model;
    private readonly DiffusionPipeline? pipeline;
    private ProgressLine? line;

    /// <summary>Loads everything into the caller's dispose scope.</summary>
    /// <param name="settings">What.</param>
    /// <param name="folder">Where files will come.</param>
    /// <param name="context">Where progress is shown, and what stays between commands.</param>
    /// <param name="start">Where to start from, or what to invert, and the condition unless the settings name one; the start noise of the
    /// settings if null.</param>
    /// <exception cref="CommandException">A file is missing or does not fit, or the settings do not go together.</exception>
    internal SamplingSession(
        SamplingSettings settings,
        OutputFolder folder,
        CommandContext context,
        Func<SamplingSession, (Tensor Start, Tensor? Condition)>? start)
    {
        (this.settings, this.folder, this.context) = (settings, folder, context);
        pipeline = settings.Prompting is null ? null : context.Pipeline(settings.Prompting, settings.Pipeline!);
        model = Opened();
        try
        {
            (Tensor from, Tensor? own) = start is null ? (StartNoise(), null) : start(this);
            Start = from.to(settings.Device);
            Condition? condition = pipeline is not null ? Repainted(ConditionOf(settings.Prompting!.Prompts))
                : settings.Condition is string file ? ReadCondition("--condition", file)
                : settings.ConditionFrom is string picture ? ReadConditionFrom(picture)
                : own;
            UsageException.ThrowIf(
                condition is null && model.Encode is not null,
                "Got no condition; the embedded model draws a face under its code. Give --condition-from with a picture of a face, "
                    + "or --condition with a code.");

            Sampling = Made(condition);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The model, ready to be sampled.</summary>
    internal ModelSampling Sampling { get; }

    /// <summary>x_T, [batch, ...], or the samples to invert.</summary>
    internal Tensor Start { get; }

    /// <summary>The shape of what a loss sees: that of the samples, or of the pictures that they are latents of.</summary>
    internal long[] ShownShape => pipeline is null ? Start.shape : Prompting.PicturesOf(pipeline, Start.shape);

    /// <summary>The pictures that will come; null where the samples are none.</summary>
    internal SamplePictures? Pictures { get; private set; }

    internal double Seconds => Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 3);

    /// <summary>Makes sure that samples of a shape can be written as pictures.</summary>
    /// <exception cref="IOException">A folder is in the way.</exception>
    internal void Expect(long[] shape, string name = "sample", (int Pictures, int Columns)? onSheet = null)
    {
        Pictures = SamplePictures.For(pipeline is null ? shape : Prompting.PicturesOf(pipeline, shape), name, onSheet);
        folder.Expect(Pictures?.Names ?? []);
    }

    /// <summary>
    /// A line that tells how far the run is, until the session ends. All texts have been read by then: what reads them is let go of, but
    /// where the networks stay for the next command.
    /// </summary>
    internal IProgress<double> Progress(string title)
    {
        if (context.Terminal.Shelf is null)
        {
            pipeline?.ReleaseTextEncoders();
        }

        return line = new ProgressLine(context.Terminal, title, total: 1);
    }

    /// <summary>A condition for the whole batch.</summary>
    /// <exception cref="CommandException">The file is missing or does not fit.</exception>
    internal Tensor ReadCondition(string option, string file) =>
        TensorFile.ForBatch(option, TensorFile.Read(settings.Files, option, file, settings.Dtype), Start.shape[0]).to(settings.Device);

    /// <summary>Texts as a condition for the whole batch; what the text encoder does not see of them is told.</summary>
    internal Condition ConditionOf(IReadOnlyList<string> texts)
    {
        if (texts.Count > 1 && texts.Count != Start.shape[0])
        {
            throw new CommandException($"Got {texts.Count} texts for {Start.shape[0]} samples; expected one for all, or one for each.");
        }

        foreach (string lost in Prompting.Lost(pipeline!, texts))
        {
            context.Terminal.Error.WriteLine(lost);
        }

        // A model of the user's may know any word.
        foreach (string remark in settings.Model is null ? texts.Select(new CaptionWords().Remark).OfType<string>().Distinct() : [])
        {
            context.Terminal.Error.WriteLine(remark);
        }

        return Prompting.ConditionOf(pipeline!, texts, Start.shape[0]);
    }

    /// <summary>The code of a picture as a condition for the whole batch.</summary>
    /// <exception cref="CommandException">The file is missing or does not fit.</exception>
    internal Tensor ReadConditionFrom(string picture) =>
        TensorFile.ForBatch("--condition-from", model.Encode!(Read(picture)), Start.shape[0]);

    /// <summary>
    /// Samples named on the command line, [batch, ...]. Of a picture of any size the middle square is taken where the model wants a square.
    /// </summary>
    /// <exception cref="CommandException">There is no such file, or it does not fit.</exception>
    internal Tensor Read(string text) => pipeline is not null ? ReadLatents(text)
        : model.Shape is [3, long side, _]
        && (text == InputFiles.StandardInput || File.Exists(text))
        && settings.Files.PictureOrNull("the picture", text) is byte[] bytes
            ? FacePicture.Stack([FacePicture.Read(text, bytes, (int)side)], (int)side).to(settings.Device)
            : SampleFile.Read(settings.Files, text, settings.Shape, settings.Dtype).to(settings.Device);

    /// <summary>Samples named on the command line with the noise of the plan's start, as many as are asked for.</summary>
    internal Tensor ReadNoised(string text)
    {
        Tensor read = Read(text);
        int wanted = settings.Batch ?? (int)read.shape[0];
        return read.shape[0] == wanted || read.shape[0] == 1
            ? ModelSampling.Noised(read.expand([wanted, .. read.shape.Skip(1)]).contiguous(), settings.Plan, settings.Seed)
            : throw new CommandException($"Got {read.shape[0]} pictures in {text} for {wanted} samples; expected one, or as many.");
    }

    /// <summary>Samples, and the condition that they have by themselves, or null.</summary>
    internal (Tensor Samples, Tensor? Condition) WithCondition(Tensor samples) => (samples, model.Encode?.Invoke(samples));

    public void Dispose()
    {
        line?.Dispose();
        model.Dispose();
    }

    private Tensor StartNoise()
    {
        if (settings.StartNoise is not string file)
        {
            long[] shape = pipeline is null ? settings.Shape! : settings.Prompting!.LatentShapeOf(pipeline);
            return ModelSampling.DrawStart(model, shape, settings.Batch ?? 1, settings.Seed, settings.Dtype);
        }

        Tensor given = TensorFile.Read(settings.Files, "--start-noise", file, settings.Dtype);
        bool fits = given.dim() >= 1 && given.is_floating_point()
            && (settings.Batch is null || given.shape[0] == settings.Batch)
            && (settings.Shape is null || given.shape.AsSpan(1).SequenceEqual(settings.Shape));
        return fits
            ? given
            : throw new CommandException(
                $"Got --start-noise {file} of shape [{string.Join(", ", given.shape)}] and type {given.dtype}; "
                    + $"expected [{settings.Batch?.ToString() ?? "batch"}, "
                    + $"{(settings.Shape is null ? "..." : string.Join(", ", settings.Shape))}] of floating point. "
                    + "Leave out --batch and --shape to take them from the file.");
    }

    // The networks of a shelf are the shelf's; a program of the user's is read anew.
    private Model Opened()
    {
        Model Embedded() => new EmbeddedModel(settings.Weights, settings.Device).ToModel();
        Model opened = pipeline is not null ? settings.Prompting!.ModelOf(pipeline, settings.Plan)
            : settings.Model is string network ? ModelFile.Open(network, settings.Plan, settings.Dtype, settings.Device)
            : context.Terminal.Shelf?.Networks($"faces {settings.Device} {settings.Weights}", Embedded) ?? Embedded();
        context.Cancellation.ThrowIfCancellationRequested();
        return pipeline is not null || settings.Model is null ? context.Lent(opened) : context.Terminal.Watched(opened);
    }

    // The condition with a picture of which a part is kept, where the settings name one.
    private Condition Repainted(Condition condition)
    {
        if (settings.Repainted is not (string image, string mask))
        {
            return condition;
        }

        (int width, int height) = settings.Prompting!.SizeOf(pipeline!);
        Tensor picture = FacePicture.ReadMiddle(image, settings.Files.Picture("--image", image), width, height);
        Tensor anew = 1 - MaskFile.Read(settings.Files, "--mask", mask, height, width);
        return pipeline!.Inpainting(
            condition,
            picture.expand([Start.shape[0], -1, -1, -1]).to(settings.Device),
            anew.reshape(1, 1, height, width).to(settings.Device));
    }

    // A picture's middle in the size wanted, or tensors: pictures, or latents as they are.
    private Tensor ReadLatents(string text)
    {
        (int width, int height) = settings.Prompting!.SizeOf(pipeline!);
        if ((text == InputFiles.StandardInput || File.Exists(text)) && settings.Files.PictureOrNull("the picture", text) is byte[] bytes)
        {
            return model.ToLatents!(FacePicture.ReadMiddle(text, bytes, width, height));
        }

        Tensor read = SampleFile.Read(settings.Files, text, null, settings.Dtype);
        bool areLatents = read.dim() == 4 && read.shape[1] == pipeline!.Codec.Config.LatentChannels;
        return areLatents ? read : model.ToLatents!(read);
    }

    private ModelSampling Made(Condition? condition)
    {
        try
        {
            return new ModelSampling(model, settings.Plan, condition, settings.Seed, Guidance(condition), context.Cancellation);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new UsageException(FailureText.Of(e));
        }
    }

    private (Condition? Unconditional, double Scale)? Guidance(Condition? condition)
    {
        if (pipeline is not null)
        {
            return settings.Prompting!.GuidanceOf(pipeline);
        }

        if (settings.GuidanceScale is not double scale)
        {
            return null;
        }

        if (settings.Unconditional!.Equals(SamplingSettings.NoCondition, StringComparison.OrdinalIgnoreCase))
        {
            return (zeros_like(condition!.Values.narrow(0, 0, 1)), scale);
        }

        // One for all items stays one: the denoiser spreads it over any batch.
        Tensor read = TensorFile.Read(settings.Files, "--unconditional", settings.Unconditional, settings.Dtype).to(settings.Device);
        return (read.dim() > 0 && read.shape[0] == 1 ? read : TensorFile.ForBatch("--unconditional", read, Start.shape[0]), scale);
    }
}
