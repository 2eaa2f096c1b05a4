using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Models;
using Costate.Cli.Output;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Commands;

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
            "The network, the times it is told, the solver, its coupling, the schedule, the grid and the prediction must be those that the latent was made with; otherwise it is refused, with what differs. Its type of number, the seed of a stochastic solver, and unless another is given the condition come from the file.",
            $"Files: {SampleCommand.TensorFile} (sample), {RunReport.FileName}, and for images sample.png.",
        ];
        Examples =
        [
            new("Back to a face, with the embedded model", "costate decode costate-invert/latent.safetensors"),
            new("The same noise under another face's code", "costate decode costate-invert/latent.safetensors --condition-from b.png --output other"),
            new("Back to the picture", "costate decode latent.safetensors --model denoiser.ts.pt --schedule vp-linear --prediction data \\\n--condition cond.safetensors"),
            new("Under another condition", "costate decode latent.safetensors --model denoiser.ts.pt --schedule vp-linear --prediction data \\\n--condition other.safetensors --output other --json"),
        ];
        Arguments.Add(latent);
        options.AddTo(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        SamplingSettings given = options.Parse(parsed, new InputFiles(terminal, cancellationToken));
        given.Plan.WarnOfIgnored(terminal);
        string path = parsed.GetValue(latent)!;
        using OutputFolder folder = OutputFolder.Prepare(given.Output, SampleCommand.TensorFile, RunReport.FileName);
        using DisposeScope scope = NewDisposeScope();
        (NoiseState state, Tensor? condition, SamplingSettings settings) = SavedLatent.Read(path, given);
        using var session = new SamplingSession(settings, _ => (state.States[0].to(settings.Dtype, copy: true), condition));
        ContactSheet? sheet = ContactSheet.For(session.Start.shape);
        folder.Expect(sheet?.Names ?? []);

        Tensor sample;
        using (var line = new ProgressLine(terminal, "decoding", total: 1))
        {
            sample = session.Sampler.Sample(state, session.Condition, session.Noise, new PartProgress(line, 0, 1), cancellationToken);
        }

        SortedDictionary<string, string> described = settings.Describe(session.Start.shape, ("latent", path));
        session.Write(folder.Stage(SampleCommand.TensorFile), new() { ["sample"] = sample }, Name, described, cancellationToken);
        sheet?.Write(sample, folder);
        session.Report(Name, described, folder).Finish(folder, settings.Json, terminal, cancellationToken);
        return ExitCode.Done;
    }
}
