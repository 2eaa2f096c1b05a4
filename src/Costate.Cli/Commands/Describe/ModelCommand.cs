using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Faces.Names;
using Costate.Faces.Reports;
using Costate.Faces.Sampling;

namespace Costate.Cli.Commands.Describe;

/// <summary><c>costate model</c>: what is in the folder of a model.</summary>
internal sealed class ModelCommand : DocumentedCommand
{
    private readonly Argument<string> model = new("MODEL")
    {
        Description = "The folder of a pipeline, with model_index.json, or a single file of Stable Diffusion (.safetensors, .ckpt).",
    };
    private readonly Option<string?> variant = CommonOptions.Variant();
    private readonly Option<string?> size = CommonOptions.Text(
        "--size", "WIDTHxHEIGHT", "Of the picture whose memory is estimated, in pixels that 8 divides. [default: that of the network]");
    private readonly Option<bool> json = CommonOptions.Json();

    internal ModelCommand(CommandContext context)
        : base(context, "model", "Says what is in the folder of a model: family, networks, parameters, types of number, scheduler, memory.")
    {
        Notes =
        [
            "Only small files and the headers of the weights are read. The networks take their parameters' bytes when they are loaded; "
                + "what a guided sample and the gradient of a loss on its picture take in all is estimated from the shapes of their "
                + "layers, with blocks computed again for the gradient, as costate gradient does. docs/models.md has what was "
                + "measured.",
            "The exit code is 0 if the tool can sample the model, and 1 if it cannot; the reason is said.",
        ];
        Examples =
        [
            new("What is in a folder of Stable Diffusion", "costate model stable-diffusion-v1-5") { TakesLong = true },
            new("For a program to read", "costate model stable-diffusion-v1-5 --variant fp16 --json") { TakesLong = true },
        ];
        Arguments.Add(model);
        AddAll(variant, size, json);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        PipelineDescription described = PipelineDescription.Of(
            parsed.GetValue(model)!,
            parsed.GetValue(variant),
            parsed.GetValue(size) is string wanted ? PictureSize.Parse(wanted) : null);
        if (parsed.GetValue(json))
        {
            Terminal.Output.WriteLine(JsonReport.Text(described));
        }
        else
        {
            Terminal.Write($"{described.Model}: {described.Family}");
            Terminal.Write(described.Table());
            Terminal.Write(described.Summary());
        }

        return described.Refused is null ? ExitCode.Done : ExitCode.Failed;
    }
}
