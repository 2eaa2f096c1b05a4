using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Files;
using Costate.Cli.Terminals;
using Costate.Faces.Files;
using Costate.Faces.Reports;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary><c>costate decode</c>: latents of <c>costate invert</c> to samples.</summary>
internal sealed class DecodeCommand : DocumentedCommand
{
    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly SamplingOptions options = new("costate-decode", SamplingInput.Latent);
    private readonly Argument<string> latent = new("LATENT") { Description = $"A {SavedLatent.FileName} of costate invert." };

    [SetsRequiredMembers]
    internal DecodeCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("decode", "Draws the sample of a latent: the one that was inverted, or another under another condition.")
    {
        (this.terminal, this.cancellationToken) = (terminal, cancellationToken);
        Notes =
        [
            .. SamplingOptions.Notes,
            "Solver, schedule, prediction, times and grid, the type of number and the seed of a stochastic solver come from the file, "
                + "and unless another is given the condition. What is given nevertheless must be the same; "
                + "otherwise it is refused, with what differs. So is another network. A file that a program has written with "
                + "NoiseStateFile says none of this; then the options must.",
            $"Files: {SampleCommand.TensorFile} (sample), {RunReport.FileName}, and for images sample.png, "
                + "of several sample-1.png and so on and sheet.png.",
        ];
        Examples =
        [
            new("Back to a face, with the embedded model", "costate decode costate-invert/latent.safetensors"),
            new(
                "The same noise under another face's code",
                "costate decode costate-invert/latent.safetensors --condition-from b.png --output other"),
            new("Back to the picture", "costate decode latent.safetensors --model denoiser.ts.pt"),
            new(
                "Under another condition",
                "costate decode latent.safetensors --model denoiser.ts.pt --condition other.safetensors --output other --json"),
        ];
        Arguments.Add(latent);
        options.AddTo(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        string path = parsed.GetValue(latent)!;
        using DisposeScope scope = NewDisposeScope();
        SavedLatent saved = SavedLatent.Read(path, options.ModelOf(parsed));
        SamplingSettings settings = saved.Settle(options.Parse(parsed, new InputFiles(terminal, cancellationToken), saved.Options));
        settings.Plan.WarnOfIgnored(terminal);
        using OutputFolder folder = OutputFolder.Prepare(settings.Output, SampleCommand.TensorFile, RunReport.FileName);
        using var session = new SamplingSession(settings, _ => saved.Start());
        SamplePictures? pictures = SamplePictures.For(session.Start.shape);
        folder.Expect(pictures?.Names ?? []);

        Tensor sample;
        using (var line = new ProgressLine(terminal, "decoding", total: 1))
        {
            sample = session.Sampler.Sample(saved.State, session.Condition, session.Noise, new PartProgress(line, 0, 1), cancellationToken);
        }

        SortedDictionary<string, Setting> described = settings.Describe(session.Start.shape, ("latent", path));
        session.Write(folder.Stage(SampleCommand.TensorFile), new() { ["sample"] = sample }, Name, described, cancellationToken);
        pictures?.Write(sample, folder, cancellationToken);
        session.Report(Name, described, folder).Finish(folder, settings.Json, terminal, cancellationToken);
        return ExitCode.Done;
    }
}
