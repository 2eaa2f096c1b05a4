using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Globalization;
using Costate.Cli.Commands;
using Costate.Cli.Commands.Describe;
using Costate.Cli.Commands.Doctor;
using Costate.Cli.Commands.Evaluate;
using Costate.Cli.Commands.Faces;
using Costate.Cli.Commands.Galleries;
using Costate.Cli.Commands.Guide;
using Costate.Cli.Commands.Morph;
using Costate.Cli.Commands.Sampling;
using Costate.Cli.Commands.Studio;
using Costate.Cli.Commands.Study;
using Costate.Cli.Commands.Train;
using Costate.Cli.Terminals;
using Costate.Faces.Models;
using static TorchSharp.torch;

namespace Costate.Cli;

/// <summary>From arguments to an exit code. Everything the commands print goes through the terminal given.</summary>
internal static class CommandLine
{
    internal static int Run(
        IReadOnlyList<string> arguments,
        Terminal terminal,
        CancellationToken cancellationToken,
        Func<string?, Device, FaceModel>? morphModel = null)
    {
        // Numbers are written and read with a point everywhere, and messages are in one language.
        CultureInfo.CurrentCulture = CultureInfo.CurrentUICulture = CultureInfo.InvariantCulture;

        RootCommand root = Root(terminal, cancellationToken, morphModel);

        // A picture may be called @photo.png: no argument is a file with more of them.
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        bool verbose = parsed.GetValue<bool>("--verbose");
        try
        {
            RefuseUnknownOptions(parsed);
            if (parsed.Action is ParseErrorAction)
            {
                throw new UsageException(string.Join('\n', ParseErrorText.Of(parsed)));
            }

            // Help needs no libtorch, and the doctor says itself where it is missing.
            if (parsed.Action == parsed.CommandResult.Command.Action && parsed.CommandResult.Command is not DoctorCommand)
            {
                Prepare();
            }

            var configuration = new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return parsed.Invoke(configuration);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            terminal.Error.WriteLine((parsed.CommandResult.Command as DocumentedCommand)?.KeptIn(parsed) is string folder
                ? $"Cancelled. What is finished is in '{folder}'; the same command goes on with the rest."
                : "Cancelled. No file was written or changed.");
            return ExitCode.Cancelled;
        }
        catch (UsageException e)
        {
            return BadUsage(e.Message);
        }
        catch (InputException e) when (FailureText.OptionFor(e.ParamName!, parsed.CommandResult.Command) is string option)
        {
            return BadUsage(verbose ? e.ToString() : e.TextFor(option));
        }
        catch (Exception e)
        {
            terminal.Error.WriteLine(verbose ? e.ToString() : FailureText.Of(e));
            return ExitCode.Failed;
        }

        int BadUsage(string text)
        {
            terminal.Error.WriteLine(text);
            terminal.Error.WriteLine($"See: {CommandPath(parsed)} --help");
            return ExitCode.BadUsage;
        }
    }

    internal static RootCommand Root(
        Terminal terminal, CancellationToken cancellationToken, Func<string?, Device, FaceModel>? morphModel = null)
    {
        var context = new CommandContext(terminal, cancellationToken) { LoadFaces = morphModel ?? FaceModel.Embedded };
        var root = new RootCommand(
            "Runs diffusion and flow models, and runs them backwards: samples, the gradients of a loss through the sampler, "
                + "and samples back to the noise they come from.")
        {
            new MorphCommand(context),
            new GuideCommand(context),
            new StudyCommand(context),
            new SampleCommand(context),
            new GradientCommand(context),
            new InvertCommand(context),
            new DecodeCommand(context),
            new InterpolateCommand(context),
            new EditCommand(context),
            new ModelCommand(context),
            new TrainCommand(context),
            new EvaluateCommand(context),
            new FacesCommand(context),
            new GalleryCommand(context),
            new DoctorCommand(context, Prepare),
            new StudioCommand(context, (arguments, its, cancel) => Run(arguments, its, cancel, morphModel)),
            new Option<bool>("--verbose") { Description = "With an error, print where in the program it arose.", Recursive = true },
        };
        root.Options.OfType<HelpOption>().Single().Action = new DocumentedHelp(terminal);
        return root;
    }

    // The networks of the tool's own go around what oneDNN gets wrong; TorchScript.Load sees to others.
    private static CpuLibrariesState Prepare() => CpuLibraries.Prepare(keepOneDnn: true);

    // The parser takes an option that it does not know for a file.
    private static void RefuseUnknownOptions(ParseResult parsed)
    {
        foreach (ArgumentResult files in parsed.CommandResult.Children.OfType<ArgumentResult>())
        {
            if (files.Tokens.FirstOrDefault(token => token.Value.StartsWith("--", StringComparison.Ordinal)) is { } token)
            {
                throw new UsageException(
                    $"Got the option {token.Value}, which does not exist. A file of that name is given as ./{token.Value}.");
            }
        }
    }

    // "costate gradient", from the command that the arguments led to.
    private static string CommandPath(ParseResult parsed)
    {
        var names = new List<string>();
        for (CommandResult? at = parsed.CommandResult; at is not null; at = at.Parent as CommandResult)
        {
            names.Insert(0, at.Command is RootCommand ? DocumentedHelp.ToolName : at.Command.Name);
        }

        return string.Join(' ', names);
    }
}
