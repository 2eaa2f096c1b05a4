using System.CommandLine;
using Costate.Cli.Terminals;
using Costate.Experiments;
using Costate.Experiments.Reversibility;

namespace Costate.Cli.Commands.Study;

/// <summary><c>costate study reversibility</c>: how exactly samplers can be inverted, and how accurate Rex is.</summary>
internal sealed class ReversibilityCommand : ComputingCommand
{
    private readonly StudyOptions options;
    private readonly Option<string?> unet = CommonOptions.Text(
        "--unet", "FOLDER",
        "A trained UNet2DModel in a folder as diffusers writes it (config.json, diffusion_pytorch_model.safetensors), "
            + "which predicts noise on the linear schedule of DDPM. [default: a small one with random weights]");
    private readonly Option<string?> weights = CommonOptions.Weights();

    internal ReversibilityCommand(CommandContext context, StudyOptions options)
        : base(
            context, "reversibility",
            "Measures how exactly samplers can be inverted, and how accurate the gradients and samples of Rex are.")
    {
        this.options = options;
        Notes =
        [
            "Three problems: a U-Net on a random image, the embedded model on a drawn face where its weights are there, "
                + "and a mixture of Gaussians. The networks compute in float32. The library carries the states of reversible solvers in "
                + "two words of 64 bits whatever the network's type is, and errors are compared in 64 bits, "
                + "before the sample is rounded to 32; the table has states in one word of 64 and of 32 bits too.",
            "x0 -> noise -> x0 inverts to all states of the solver and decodes them: exact for a reversible solver, to the last bit. "
                + "noise -> x0 -> noise inverts the sample alone, which is one of two states: exact for none. "
                + "Where rounding in one word tips an input of the network to the next float32 number, its answer changes by about 1e-8, "
                + "and the error is 1e-16: this happens to Rex-SDE, whose states grow to 1e6 and more on the way to noise.",
            $"Files: {ReversibilityFiles.ReportFile} (all numbers), {string.Join(", ", ReversibilityPlots.Files)}.",
        ];
        Examples =
        [
            new("Inversion and accuracy of the reversible solvers, in a few minutes", "costate study reversibility") { TakesLong = true },
            new("A look at it", "costate study reversibility --quick --json"),
        ];
        AddAll(unet, weights);
        SetAction(Run);
    }

    private int Run(ParseResult parsed)
    {
        return Produce(options.Of(parsed), ReversibilityFiles.All, folder =>
        {
            using var line = new ProgressLine(Terminal, "reversibility", total: 1);
            StudyOutcome study = ReversibilityFiles.Write(
                folder, parsed.GetValue(unet), parsed.GetValue(weights), options.IsQuick(parsed), line.Report, Cancellation);
            return StudyOptions.Outcome(study, ReversibilityFiles.ReportFile);
        });
    }
}
