using System.Diagnostics;
using Costate.Cli.Files;
using Costate.Cli.Terminals;
using Costate.Experiments;
using Costate.Faces;
using Costate.Faces.Files;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using Costate.Faces.Reports;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary>A sampler and its inputs, loaded and ready to run. Owns them all until it is disposed, on the thread that made it.</summary>
internal sealed class SamplingSession : IDisposable
{
    private readonly long began = Stopwatch.GetTimestamp();
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly TorchThreads threads;
    private readonly Model model;
    private long calls;

    private readonly SamplingSettings settings;

    /// <summary>Loads everything.</summary>
    /// <param name="settings">What.</param>
    /// <param name="start">Where to start from, or what to invert, and the condition unless the settings name one; the start noise of the
    /// settings if null. Both go to the session.</param>
    /// <exception cref="CommandException">A file is missing or does not fit.</exception>
    /// <exception cref="UsageException">The settings do not go together.</exception>
    internal SamplingSession(SamplingSettings settings, Func<SamplingSession, (Tensor Start, Tensor? Condition)>? start = null)
    {
        this.settings = settings;
        threads = new TorchThreads(settings.Threads);
        try
        {
            model = settings.Model is string network
                ? ModelFile.Open(network, settings.Plan, settings.Dtype)
                : new EmbeddedModel(settings.Weights).ToModel();
            (Start, Tensor? own) = start is null ? (StartOf(model, settings), null) : start(this);
            long batch = Start.shape[0];
            Condition = settings.Condition is string file ? ReadCondition("--condition", file)
                : settings.ConditionFrom is string picture ? ReadConditionFrom(picture)
                : own;
            Sampler = SamplerOf(Condition, batch);
            Noise = settings.Plan.Solver.IsStochastic ? BrownianPath.PerStep(settings.Seed) : null;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal Sampler Sampler { get; }

    /// <summary>x_T, [batch, ...], or the samples to invert.</summary>
    internal Tensor Start { get; }

    /// <summary>z, [batch, ...], or null.</summary>
    internal Tensor? Condition { get; }

    internal BrownianPath? Noise { get; }

    /// <summary>How often the network was called.</summary>
    internal long NetworkEvaluations => calls;

    internal double Seconds => Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 3);

    /// <summary>A condition for the whole batch; belongs to the session.</summary>
    /// <exception cref="CommandException">The file is missing or does not fit.</exception>
    internal Tensor ReadCondition(string option, string file) =>
        TensorFile.ForBatch(option, TensorFile.Read(settings.Files, option, file, settings.Dtype), Start.shape[0]);

    /// <summary>The code of a picture as a condition for the whole batch; belongs to the session.</summary>
    /// <exception cref="CommandException">The file is missing or does not fit.</exception>
    internal Tensor ReadConditionFrom(string picture) =>
        TensorFile.ForBatch("--condition-from", model.Encode!(Read(picture)), Start.shape[0]);

    /// <summary>
    /// Samples named on the command line, [batch, ...]; they belong to the session. Of a picture of any size the middle square is taken
    /// where the model wants a square.
    /// </summary>
    /// <exception cref="CommandException">There is no such file, or it does not fit.</exception>
    internal Tensor Read(string text) =>
        model.Shape is [3, long side, _]
        && (text == InputFiles.StandardInput || File.Exists(text))
        && settings.Files.PictureOrNull("the picture", text) is byte[] bytes
            ? FacePicture.Stack([FacePicture.Read(text, bytes, (int)side)], (int)side)
            : SampleFile.Read(settings.Files, text, settings.Shape, settings.Dtype);

    /// <summary>Samples, and the condition that they have by themselves, or null.</summary>
    internal (Tensor Samples, Tensor? Condition) WithCondition(Tensor samples) => (samples, model.Encode?.Invoke(samples));

    /// <summary>Writes tensors with the settings of the run beside them.</summary>
    internal void Write(
        string path,
        Dictionary<string, Tensor> tensors,
        string command,
        IReadOnlyDictionary<string, Setting> described,
        CancellationToken cancellationToken) =>
        SafetensorsFile.Write(
            path,
            tensors,
            new SortedDictionary<string, string>(described.ToDictionary(d => d.Key, d => d.Value.Text), StringComparer.Ordinal)
            {
                ["costate"] = ToolVersion.Version,
                ["command"] = command,
            },
            cancellationToken: cancellationToken);

    /// <summary>What to tell of a run without a gradient.</summary>
    internal RunReport Report(string command, IReadOnlyDictionary<string, Setting> described, OutputFolder folder, long[]? shape = null) =>
        new()
        {
            Command = command,
            Settings = described,
            Seed = settings.Seed,
            Shape = shape ?? Start.shape,
            Cost = new GradientCost(NetworkEvaluations, 0, 0, 0),
            Seconds = Seconds,
            Files = [.. folder.Files, RunReport.FileName],
        };

    public void Dispose()
    {
        model?.Dispose();
        scope.Dispose();
        threads.Dispose();
    }

    private static Tensor StartOf(Model model, SamplingSettings settings)
    {
        RequireMemory(settings);
        if (settings.StartNoise is not string file)
        {
            return model.DrawStart([settings.Batch ?? 1, .. settings.Shape!], settings.Seed, settings.Dtype);
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

    private Sampler SamplerOf(Tensor? condition, long batch)
    {
        if (condition is null && model.Encode is not null)
        {
            throw new UsageException(
                "Got no condition; the embedded model draws a face under its code. Give --condition-from with a picture of a face, "
                    + "or --condition with a code.");
        }

        try
        {
            Denoiser denoiser = model.Denoiser.Observed(() => calls++);
            if (settings.GuidanceScale is double scale)
            {
                Tensor none = settings.Unconditional!.Equals("zeros", StringComparison.OrdinalIgnoreCase)
                    ? zeros_like(condition!.narrow(0, 0, 1))
                    : Unconditional(TensorFile.Read(settings.Files, "--unconditional", settings.Unconditional, settings.Dtype), batch);
                denoiser = denoiser.WithClassifierFreeGuidance(none, scale);
            }

            return Cancellable.Run(
                () => new Sampler(denoiser, settings.Plan.Schedule, settings.Plan.Solver, settings.Plan.Grid),
                settings.Files.Cancellation);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw new UsageException(FailureText.Of(e));
        }
    }

    // The start, which is kept to be written, a state and a prediction.
    private static void RequireMemory(SamplingSettings settings)
    {
        const int Least = 3;
        if (settings.StartNoise is null)
        {
            int batch = settings.Batch ?? 1;
            bool ofShape = settings.Model is not null;
            string got = ofShape ? $"{string.Join(',', settings.Shape!)} for {batch} sample{(batch == 1 ? "" : "s")}" : $"{batch}";
            double bytes = settings.Shape!.Aggregate((double)batch * settings.Dtype.ElementSize(), (product, size) => product * size);
            AvailableMemory.Require(
                ofShape ? "shape" : "batch",
                got,
                Least * bytes,
                $"Make {(ofShape ? "the sizes or " : "")}the batch smaller, and draw in several runs with another seed each.");
        }
    }

    // One for all items stays one: the denoiser spreads it over any batch.
    private static Tensor Unconditional(Tensor read, long batch) =>
        read.dim() > 0 && read.shape[0] == 1 ? read : TensorFile.ForBatch("--unconditional", read, batch);
}
