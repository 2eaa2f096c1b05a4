using Costate.Experiments.Galleries;
using Costate.Faces.Reports;
using Costate.Faces.Sampling;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary>A command that runs a sampler, of the user's model or of the embedded one.</summary>
internal abstract class SamplingCommand(CommandContext context, string name, string description, SamplingInput input = SamplingInput.Noise)
    : ComputingCommand(context, name, description)
{
    /// <summary>The options that these commands share.</summary>
    protected SamplingOptions Shared { get; } = new($"costate-{name}", input);

    /// <summary>Runs a sampler and writes what comes of it.</summary>
    /// <param name="settings">What the options say.</param>
    /// <param name="file">The file of its tensors.</param>
    /// <param name="run">The run itself.</param>
    /// <param name="start">Where to start from, or what to invert, and the condition that it has by itself; noise if null.</param>
    /// <param name="more">Further settings, for the report.</param>
    protected int Run(
        SamplingSettings settings,
        string file,
        Func<SamplingSession, SamplingResult> run,
        Func<SamplingSession, (Tensor Start, Tensor? Condition)>? start = null,
        params (string Name, Setting? Value)[] more)
    {
        if (settings.Plan.Warning is string warning)
        {
            Terminal.Error.WriteLine(warning);
        }

        return Produce(settings.Run, [file, SamplingReport.FileName, Gallery.FileName], folder =>
        {
            using var session = new SamplingSession(settings, folder, Context, start);
            SamplingResult result = run(session);
            var report = new SamplingReport
            {
                Command = Name,
                Settings = settings.Describe(result.Shape, more),
                Seed = settings.Seed,
                Shape = result.Shape,
                Loss = result.Loss,
                RoundTripError = result.RoundTripError,
                OnTheWay = result.OnTheWay,
                Cost = result.Cost,
                Seconds = session.Seconds,
                Files = [],
            };
            report = SamplingFiles.Write(folder, file, result, session.Pictures, settings.Plan, report, Cancellation);
            bool several = session.Pictures is { Names.Count: > 1 };
            report = several ? report with { Files = [.. report.Files, Gallery.FileName] } : report;
            return new Outcome(JsonReport.Text(report), SamplingReport.FileName, to => to.Write(report.Summary())) { HasGallery = several };
        });
    }
}
