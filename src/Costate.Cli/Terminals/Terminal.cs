using Costate.Faces;
using Costate.Faces.Models;
using Costate.Faces.Reports;
using Costate.Networks;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Costate.Cli.Terminals;

/// <summary>Where a command prints: results to the output, all else to the errors.</summary>
internal sealed class Terminal
{
    // Wide enough for every table: a file or a pipe has no width of its own.
    private const int WidthOfFile = 132;
    private const int Widest = 10_000;

    /// <summary>The standard output.</summary>
    internal required TextWriter Output { get; init; }

    /// <summary>The standard error: progress, warnings, errors.</summary>
    internal required TextWriter Error { get; init; }

    /// <summary>Opens the standard input.</summary>
    internal Func<Stream> Input { get; init; } = () => Stream.Null;

    /// <summary>Whether the output goes to a terminal, which may have colours, and not to a file or a pipe.</summary>
    internal bool OutputIsTerminal { get; init; }

    /// <summary>Columns of the output.</summary>
    internal int Width { get; init; } = WidthOfFile;

    /// <summary>Columns of a live progress line, or null where errors do not go to a terminal.</summary>
    internal int? LiveWidth { get; init; }

    /// <summary>Who looks on while a command computes; null for nobody.</summary>
    internal RunWatch? Watch { get; init; }

    /// <summary>Networks that stay for the next command; null where each loads its own.</summary>
    internal NetworkShelf? Shelf { get; init; }

    /// <summary>What is written down of the run that goes on; null for nothing.</summary>
    internal Recording? Recording { get; private set; }

    internal static Terminal OfProcess() => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        Input = Console.OpenStandardInput,
        OutputIsTerminal = !Console.IsOutputRedirected,
        Width = Console.IsOutputRedirected ? WidthOfFile : WindowWidth(),
        LiveWidth = Console.IsErrorRedirected ? null : WindowWidth(),
    };

    /// <summary>Writes down how far runs are until the recording is disposed.</summary>
    /// <param name="metrics">The file of lines; none if null.</param>
    /// <param name="eventFolder">The folder for TensorBoard; none if null.</param>
    /// <exception cref="CommandException">One cannot be written to.</exception>
    internal Recording? Record(string? metrics, string? eventFolder)
    {
        try
        {
            return Recording = metrics is null && eventFolder is null
                ? null
                : new Recording(
                    metrics, eventFolder, why => Error.WriteLine($"Cannot go on writing --metrics or --tensorboard: {why}"));
        }
        catch (IOException e)
        {
            throw new CommandException(
                $"{e.Message} Expected a file for --metrics, and a folder for --tensorboard, that this user may create and write to.", e);
        }
    }

    /// <summary>The same model, whose evaluations are counted for what is written down, and for who looks on.</summary>
    internal Model Watched(Model model)
    {
        Model counted = Recording is null ? model : model.With(model.Denoiser.Observed(Recording.Evaluated), model.Owned);
        return Watch?.Over(counted) ?? counted;
    }

    /// <summary>
    /// Prints a line of text and numbers; on a terminal broken between words where it is too long, which would itself break within a
    /// number.
    /// </summary>
    internal void Write(string text)
    {
        foreach (string line in text.Split('\n').SelectMany(line => OutputIsTerminal ? WrappedText.Of(line, Width) : [line]))
        {
            Output.WriteLine(line);
        }
    }

    /// <summary>Prints a table of results.</summary>
    /// <param name="table">The table.</param>
    /// <param name="spaced">Whether an empty line follows.</param>
    internal void Write(ResultTable table, bool spaced = false)
    {
        Write(DrawnTable.Of(table));
        if (spaced)
        {
            Output.WriteLine();
        }
    }

    /// <summary>Prints tables of results, one below the other.</summary>
    internal void Write(IEnumerable<ResultTable> tables, bool spaced = false)
    {
        foreach (ResultTable table in tables)
        {
            Write(table, spaced);
        }
    }

    /// <summary>
    /// Prints a table, in colour where the output is a terminal that has it; row by row where it is wider than the output.
    /// </summary>
    internal void Write(Table table)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = OutputIsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            Out = new AnsiConsoleOutput(Output),
        });
        console.Profile.Width = Width;
        RenderOptions options = RenderOptions.Create(console, console.Profile.Capabilities);
        if (((IRenderable)table).Measure(options, Widest).Max <= Width)
        {
            console.Write(table);
            return;
        }

        foreach (string line in StackedTable.Lines(table, options).SelectMany(line => WrappedText.Of(line, Width)))
        {
            Output.WriteLine(line);
        }
    }

    private static int WindowWidth()
    {
        try
        {
            return Console.WindowWidth > 0 ? Console.WindowWidth : 80;
        }
        catch (IOException)
        {
            return 80;
        }
    }
}
