using System.CommandLine;
using Costate.Cli.Files;
using Costate.Faces.Sampling;
using static TorchSharp.torch;
using NamedTensor = Costate.Faces.Inputs.TensorFile;

namespace Costate.Cli.Commands.Sampling;

/// <summary><c>costate interpolate</c>: samples between two.</summary>
internal sealed class InterpolateCommand : SamplingCommand
{
    internal const string TensorFile = "interpolation.safetensors";

    private const string Picture = "interpolation";
    private const int DefaultCount = 7;
    private const int MaxCount = 64;

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

    internal InterpolateCommand(CommandContext context)
        : base(
            context, "interpolate",
            "Inverts two samples, goes from one latent to the other along a great circle, and decodes what lies between.",
            SamplingInput.Sample)
    {
        Notes =
        [
            .. SamplingOptions.Notes,
            "A and B are inverted under their conditions, [1, ...] for both or [2, ...], or with the embedded model each under its own "
                + "code; between them the condition goes in a straight line. With a reversible solver the first and the last of the "
                + "samples are A and B again, but for the bits that a network's answer may change with the size of the batch.",
            $"Files: {TensorFile} (sample, weight), {SamplingReport.FileName}, and for images {Picture}-1.png and so on, "
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
        Shared.AddTo(this, count);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        SamplingSettings settings = Shared.Parse(parsed, NewInputs());
        int number = parsed.GetValue(count) ?? DefaultCount;
        (string a, string b) = (parsed.GetValue(first)!, parsed.GetValue(second)!);
        return Run(
            settings,
            TensorFile,
            run =>
            {
                run.Expect([number, .. run.Start.shape.Skip(1)], Picture, (number, number));
                return run.Sampling.Interpolate(run.Start, number, run.Progress("interpolating"), Cancellation);
            },
            run => run.WithCondition(Both(run, a, b, settings)),
            ("a", a),
            ("b", b));
    }

    private static Tensor Both(SamplingSession session, string a, string b, SamplingSettings settings)
    {
        (Tensor x, Tensor y) = (session.Read(a), session.Read(b));
        if (settings.Unconditional is string file && !file.Equals(SamplingSettings.NoCondition, StringComparison.OrdinalIgnoreCase)
            && NamedTensor.Read(settings.Files, "--unconditional", file, settings.Dtype) is var none
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
}
