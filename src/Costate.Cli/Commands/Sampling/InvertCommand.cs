using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Files;
using Costate.Cli.Terminals;
using Costate.Faces.Files;
using Costate.Faces.Reports;

namespace Costate.Cli.Commands.Sampling;

/// <summary><c>costate invert</c>: samples to the latents that decode to them.</summary>
internal sealed class InvertCommand : DocumentedCommand
{
    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly SamplingOptions options = new("costate-invert", SamplingInput.Sample);
    private readonly Argument<string> sample = new("SAMPLE")
    {
        Description =
            $"What to invert, {SampleFile.Form}: a PNG, JPEG or WebP picture, of any size for the embedded model (- for the standard "
                + "input), or a tensor [batch, ...] in a safetensors file.",
    };

    [SetsRequiredMembers]
    internal InvertCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("invert", "Finds the latent from which a sampler draws a given sample: exactly with a reversible solver.")
    {
        (this.terminal, this.cancellationToken) = (terminal, cancellationToken);
        Notes =
        [
            .. SamplingOptions.Notes,
            "Rex, EDICT, BDIA and O-BELM invert exactly, to the last bit. The other deterministic solvers do what is known as DDIM "
                + "inversion, which is approximate; stochastic ones find noise vectors (CycleDiffusion).",
            $"Files: {SavedLatent.FileName} (the states, in two words of 64 bits for a reversible solver, the condition, "
                + $"and all settings, which costate decode and edit take from it) and {RunReport.FileName}.",
        ];
        Examples =
        [
            new("A drawn face, with the embedded model", "costate invert a.png"),
            new(
                "A picture, with Rex",
                "costate invert picture.png --model denoiser.ts.pt --schedule vp-linear --prediction data \\\n--condition "
                    + "cond.safetensors --shape 3,8,8"),
            new(
                "Tensors, with another solver and as many steps",
                "costate invert sample.safetensors:sample --model denoiser.ts.pt --schedule vp-linear --prediction data \\\n--condition "
                    + "cond.safetensors --solver rex:euler:0.99 --steps 10 --output inverted --json"),
        ];
        Arguments.Add(sample);
        options.AddTo(this);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        SamplingSettings settings = options.Parse(parsed, new InputFiles(terminal, cancellationToken));
        settings.Plan.WarnOfIgnored(terminal);
        string text = parsed.GetValue(sample)!;
        using OutputFolder folder = OutputFolder.Prepare(settings.Output, SavedLatent.FileName, RunReport.FileName);
        using var session = new SamplingSession(settings, it => it.WithCondition(it.Read(text)));

        NoiseState state;
        using (var line = new ProgressLine(terminal, "inverting", total: 1))
        {
            state = session.Sampler.Invert(
                session.Start,
                session.Condition,
                session.Noise,
                new PartProgress(line, 0, 1),
                cancellationToken);
        }

        SortedDictionary<string, Setting> described = settings.Describe(session.Start.shape, ("sample", text));
        SavedLatent.Write(folder.Stage(SavedLatent.FileName), state, session.Condition, Name, settings.Plan, described, cancellationToken);
        session.Report(Name, described, folder).Finish(folder, settings.Json, terminal, cancellationToken);
        return ExitCode.Done;
    }
}
