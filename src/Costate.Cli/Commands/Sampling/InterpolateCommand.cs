using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Costate.Cli.Files;
using Costate.Cli.Terminals;
using Costate.Faces.Files;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Sampling;

/// <summary><c>costate interpolate</c>: samples between two.</summary>
internal sealed class InterpolateCommand : DocumentedCommand
{
    internal const string TensorFile = "interpolation.safetensors";

    private const string Picture = "interpolation";
    private const int DefaultCount = 7;
    private const int MaxCount = 64;

    private readonly Terminal terminal;
    private readonly CancellationToken cancellationToken;
    private readonly SamplingOptions options = new("costate-interpolate", SamplingInput.Sample);
    private readonly Argument<string> first = new("A")
    {
        Description = $"The first sample, {SampleFile.Form}; - is a picture from the standard input.",
    };
    private readonly Argument<string> second = new("B") { Description = "The second, of the same shape." };
    private readonly Option<int?> count = CommonOptions.Whole(
        "--count",
        2,
        MaxCount,
        $"How many samples from A to B, both included. [default: {DefaultCount}]");

    [SetsRequiredMembers]
    internal InterpolateCommand(Terminal terminal, CancellationToken cancellationToken)
        : base("interpolate", "Inverts two samples, goes from one latent to the other along a great circle, and decodes what lies between.")
    {
        (this.terminal, this.cancellationToken) = (terminal, cancellationToken);
        Notes =
        [
            .. SamplingOptions.Notes,
            "A and B are inverted under their conditions, [1, ...] for both or [2, ...], or with the embedded model each under its own "
                + "code; between them the condition goes in a straight line. With a reversible solver the first and the last of the "
                + "samples are A and B again, but for the bits that a network's answer may change with the size of the batch.",
            $"Files: {TensorFile} (sample, weight), {RunReport.FileName}, and for images {Picture}-1.png and so on, "
                + "and sheet.png with all of them in a row.",
        ];
        Examples =
        [
            new("Seven faces from one to another, with the embedded model", "costate interpolate a.png b.png --count 7"),
            new(
                "Seven pictures from one to another",
                "costate interpolate picture.png other.png --model denoiser.ts.pt --schedule vp-linear --prediction data \\\n--condition "
                    + "cond.safetensors --shape 3,8,8 --count 7"),
        ];
        Arguments.Add(first);
        Arguments.Add(second);
        options.AddTo(this);
        Options.Insert(3, count);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        SamplingSettings settings = options.Parse(parsed, new InputFiles(terminal, cancellationToken));
        settings.Plan.WarnOfIgnored(terminal);
        int number = parsed.GetValue(count) ?? DefaultCount;
        (string a, string b) = (parsed.GetValue(first)!, parsed.GetValue(second)!);
        using OutputFolder folder = OutputFolder.Prepare(settings.Output, TensorFile, RunReport.FileName);
        using var session = new SamplingSession(settings, it => it.WithCondition(Both(it, a, b, settings)));
        SamplePictures? pictures = SamplePictures.For([number, .. session.Start.shape.Skip(1)], Picture, (number, number));
        folder.Expect(pictures?.Names ?? []);
        Tensor? between = session.Condition is null ? null : Between(session.Condition, number);

        Tensor sample;
        using (var line = new ProgressLine(terminal, "interpolating", total: 1))
        {
            double share = 2.0 / (2 + number);
            NoiseState ends = session.Sampler.Invert(
                session.Start,
                session.Condition,
                Path(2),
                new PartProgress(line, 0, share),
                cancellationToken);
            NoiseState all = SphericalInterpolation.Between(ends, number);
            sample = session.Sampler.Sample(all, between, Path(number), new PartProgress(line, share, 1 - share), cancellationToken);
        }

        SortedDictionary<string, Setting> described = settings.Describe(sample.shape, ("a", a), ("b", b));
        var tensors = new Dictionary<string, Tensor> { ["sample"] = sample, ["weight"] = tensor(SphericalInterpolation.Weights(number)) };
        session.Write(folder.Stage(TensorFile), tensors, Name, described, cancellationToken);
        pictures?.Write(sample, folder, cancellationToken);
        session.Report(Name, described, folder, sample.shape).Finish(folder, settings.Json, terminal, cancellationToken);
        return ExitCode.Done;

        // One path for all: A, B and what lies between differ in their latents alone.
        BrownianPath? Path(int items) =>
            settings.Plan.Solver.IsStochastic ? BrownianPath.PerStep(NoiseSeeds.OfItems(Enumerable.Repeat(settings.Seed, items))) : null;
    }

    private static Tensor Both(SamplingSession session, string a, string b, SamplingSettings settings)
    {
        (Tensor x, Tensor y) = (session.Read(a), session.Read(b));
        if (settings.Unconditional is string file && !file.Equals("zeros", StringComparison.OrdinalIgnoreCase)
            && Files.TensorFile.Read(settings.Files, "--unconditional", file, settings.Dtype) is var none
            && (none.dim() == 0 || none.shape[0] != 1))
        {
            throw new CommandException(
                $"Got --unconditional of shape [{string.Join(", ", none.shape)}]; expected [1, ...], one for all samples from A to B.");
        }

        return x.shape[0] == 1 && x.shape.AsSpan().SequenceEqual(y.shape)
            ? cat([x, y])
            : throw new CommandException(
                $"Got A of shape [{string.Join(", ", x.shape)}] and B of shape [{string.Join(", ", y.shape)}]; "
                    + "expected one sample each, [1, ...], of the same shape.");
    }

    private static Tensor Between(Tensor condition, int number)
    {
        (Tensor a, Tensor b) = (condition[0], condition[1]);
        return condition.is_floating_point() ? stack([.. SphericalInterpolation.Weights(number).Select(w => a.mul(1 - w).add_(b, w))])
            : a.eq(b).all().item<bool>() ? condition.narrow(0, 0, 1).expand([number, .. condition.shape.Skip(1)]).contiguous()
            : throw new CommandException(
                $"Got two conditions of type {condition.dtype}, between which nothing lies; expected one for both, [1, ...], "
                    + "or floating point.");
    }
}
