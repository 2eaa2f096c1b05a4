using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Costate.Cli.Models;
using Costate.Cli.Output;
using static TorchSharp.torch;

namespace Costate.Cli.Commands;

/// <summary><c>costate edit</c>: inverts samples under one condition and decodes them under another.</summary>
internal sealed class EditCommand : DocumentedCommand
{
    internal const string TensorFile = "edit.safetensors";

    private const string Picture = "edit";

    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly SamplingOptions options = new("costate-edit", SamplingInput.Sample);
    private readonly Argument<string> sample = new("SAMPLE") { Description = $"What to edit, {SampleFile.Form}: a PNG, JPEG or WebP picture, of any size for the embedded model (- for the standard input), or a tensor [batch, ...] in a safetensors file." };
    private readonly Option<double?> strength = new("--strength") { Description = "How much of the grid to go back and forth, in (0, 1]: the last steps, this fraction of them. Less keeps more of the sample. [default: 1]" };
    private readonly Option<string?> editCondition = SamplingOptions.Text("--edit-condition", Models.TensorFile.Form, "The condition to decode under; --condition is that of the sample as it is, which with the embedded model is its own code unless given.");
    private readonly Option<string?> conditionFrom = SamplingOptions.ConditionFrom();

    [SetsRequiredMembers]
    internal EditCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("edit", "Inverts samples under one condition and decodes them under another.")
    {
        (this.terminal, this.cancellationToken) = (terminal, cancellationToken);
        Notes =
        [
            .. SamplingOptions.Notes,
            "Under its own condition a sample comes back as it is, with a reversible solver; what changes is due to the other condition.",
            $"Files: {TensorFile} (sample, original), {RunReport.FileName}, and for images {Picture}.png, each original beside what it became.",
        ];
        Examples =
        [
            new("A face under another's code, with the embedded model", "costate edit a.png --condition-from b.png"),
            new("A picture under another condition", "costate edit picture.png --model denoiser.ts.pt --schedule vp-linear --prediction data \\\n--condition cond.safetensors --edit-condition other.safetensors --shape 3,8,8"),
        ];
        Arguments.Add(sample);
        options.AddTo(this);
        Options.Insert(3, editCondition);
        Options.Insert(4, conditionFrom);
        Options.Insert(5, strength);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        double share = parsed.GetValue(strength) ?? 1;
        SamplingSettings settings = Last(share, options.Parse(parsed, new InputFiles(terminal, cancellationToken)));
        settings.Plan.WarnOfIgnored(terminal);
        if (settings.Condition is null && settings.Model is not null)
        {
            throw new UsageException("Got no --condition; expected that of the sample as it is, beside --edit-condition.");
        }

        (string text, string? other, string? face) = (parsed.GetValue(sample)!, parsed.GetValue(editCondition), parsed.GetValue(conditionFrom));
        if (other is null == face is null || (face is not null && settings.Model is not null))
        {
            throw new UsageException($"Got {(other is null ? face is null ? "neither --edit-condition nor --condition-from" : "--condition-from with --model" : "both --edit-condition and --condition-from")}; expected the condition to decode under: --edit-condition with a tensor, or for the embedded model --condition-from with a picture of a face.");
        }

        using OutputFolder folder = OutputFolder.Prepare(settings.Output, TensorFile, RunReport.FileName);
        using var session = new SamplingSession(settings, network => network.WithCondition(network.Read(text, settings)));
        Tensor changed = other is null ? session.ReadConditionFrom(face!) : session.ReadCondition("--edit-condition", other);
        long[] shape = session.Start.shape;
        ContactSheet? sheet = ContactSheet.For([2 * shape[0], .. shape.Skip(1)], Picture, columns: 2);
        folder.Expect(sheet?.Names ?? []);

        Tensor edited;
        using (var line = new ProgressLine(terminal, "editing", total: 1))
        {
            NoiseState state = session.Sampler.Invert(session.Start, session.Condition, session.Noise, new PartProgress(line, 0, 0.5), cancellationToken);
            edited = session.Sampler.Sample(state, changed, session.Noise, new PartProgress(line, 0.5, 0.5), cancellationToken);
        }

        SortedDictionary<string, string> described = settings.Describe(shape, ("sample", text), ("editCondition", other), ("editConditionFrom", face), ("strength", share.ToString("R", CultureInfo.InvariantCulture)));
        session.Write(folder.Stage(TensorFile), new() { ["sample"] = edited, ["original"] = session.Start }, Name, described, cancellationToken);
        sheet?.Write(stack([session.Start, edited], 1).flatten(0, 1), folder);
        session.Report(Name, described, folder).Finish(folder, settings.Json, terminal, cancellationToken);
        return ExitCode.Done;
    }

    private static SamplingSettings Last(double share, SamplingSettings settings)
    {
        if (share is not (> 0 and <= 1))
        {
            throw new UsageException(FormattableString.Invariant($"Got --strength {share}; expected a number above 0, at most 1."));
        }

        TimeGrid grid = settings.Plan.Grid;
        int left = grid.Steps - (int)Math.Ceiling(share * grid.Steps);
        return settings with { Plan = settings.Plan with { Grid = TimeGrid.FromTimes([.. grid.Times.Skip(left)], [.. grid.NetworkTimes.Skip(left)]) } };
    }
}
