using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Costate.Experiments.Sharing;
using Costate.Faces.Machines;
using Costate.Faces.Names;

namespace Costate.Cli.Commands;

/// <summary>Options that every computing command has, and those that take numbers.</summary>
internal static class CommonOptions
{
    internal static Option<string> Output(string folder, string more = "") =>
        Folder(
            folder,
            $"Folder for the results; created if it is missing. Files already there are replaced only when all has succeeded.{more}");

    /// <summary>Of a command that keeps what is finished.</summary>
    internal static Option<string> ResumableOutput(string folder) =>
        Folder(
            folder,
            "Folder for the results; created if it is missing. What is finished stays in it, and the same command goes on with the rest.");

    /// <summary>Of a command that trains several networks, each in a folder of its own.</summary>
    internal static Option<string> OutputOfTrainings(string folder) =>
        Folder(folder, "Folder of the trainings; created if it is missing. What was trained in it is gone on with.");

    internal static Option<bool> Json() => Flag("--json", "Print one JSON object on the standard output and nothing else there.");

    internal static Option<string?> Metrics() => Text(
        "--metrics", "FILE",
        "Write down while it runs how far it is: lines of JSON with time, stage, step, evaluations, loss, memory and time left, as far as "
            + "they are known. They are added to what is there.");

    internal static Option<string?> Weights() =>
        Text("--weights", "DIR", "Folder with the weights of the embedded networks. [default: those that came with the tool]");

    /// <summary>The same of a command that takes the folder of a pipeline too.</summary>
    internal static Option<string?> WeightsOrFile() =>
        Text(
            "--weights", "DIR|FILE",
            "Folder with the weights of the embedded networks [default: those that came with the tool]; with a folder as --model, a "
                + "single file (.safetensors, .ckpt) to take its weights from [default: the folder's].");

    /// <summary>An optional text that is looked at later.</summary>
    internal static Option<string?> Text(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };

    /// <summary>A text that has a default.</summary>
    internal static Option<string> Text(string name, string helpName, string description, string otherwise) =>
        new(name) { HelpName = helpName, Description = description, DefaultValueFactory = _ => otherwise };

    /// <summary>Something that is so or not.</summary>
    internal static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    /// <summary>Where networks compute.</summary>
    internal static Option<string> Device() => Text(
        "--device",
        ComputeDevice.Form,
        "Where networks, states and losses are; cuda:auto is the device of the process's place on its machine. The tool comes with torch "
            + "for processors.",
        "cpu");

    /// <summary>How a gradient through the sampler is found.</summary>
    internal static Option<string> GradientMethod() =>
        Text("--method", "METHOD", "How the gradient is found; see below.", "discrete");

    /// <summary>What the adjoint of a gradient runs along.</summary>
    internal static Option<string?> Trajectory() => Text(
        "--trajectory", "KIND",
        $"Where adjoint-deis takes the states from: {string.Join(", ", NamedMethod.Trajectories.Select(t => t.Name))}. "
            + "[default: recorded, or interpolated with --adjoint-steps]");

    /// <summary>Which of several weights a pipeline is loaded from.</summary>
    internal static Option<string?> Variant() => Text(
        "--variant", "WORD", "Which of several weights of the folder, such as fp16. [default: those without such a word]");

    /// <summary>Which part of the items a command computes.</summary>
    /// <param name="item">What an item is called.</param>
    internal static Option<string> Shard(string item) => Text(
        "--shard",
        Division.Form,
        $"Divides the work among processes: every N-th {item}, from the K-th on; auto, K and N of the array job that this is; auto/N where "
            + "that says no number; dynamic, whatever other processes of the same command and folder leave.",
        "1/1");

    internal static Option<int?> Threads(string description) => Whole("--threads", 1, Limits.Threads, description);

    internal static Option<double?> Minutes(string description) =>
        Number("--minutes", "M", v => v is > 0 and <= Limits.Minutes, $"a number above 0, at most {Limits.Minutes} (a year)", description);

    /// <summary>An optional number within a range.</summary>
    internal static Option<double?> Number(string name, string helpName, Func<double, bool> fits, string expected, string description) =>
        new(name)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result => Parsed(
                result,
                name,
                expected,
                (string text, out double value) =>
                    double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)
                    && double.IsFinite(value)
                    && fits(value)),
        };

    /// <summary>An optional number.</summary>
    internal static Option<double?> Number(string name, string helpName, string description) =>
        Number(name, helpName, _ => true, "a number", description);

    /// <summary>An optional whole number between two, both included.</summary>
    internal static Option<int?> Whole(string name, int lowest, int highest, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        CustomParser = result => Whole(result, name, lowest, highest),
    };

    /// <summary>A whole number between two, both included, that has a default.</summary>
    internal static Option<int> Whole(string name, int lowest, int highest, string description, int otherwise) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result => Whole(result, name, lowest, highest) ?? otherwise,
    };

    /// <summary>A seed, 0 unless it is given.</summary>
    internal static Option<ulong?> Seed(string name, string helpName, string description, ulong standard = 0) => new(name)
    {
        Description = $"{description} [default: {standard}]",
        HelpName = helpName,
        CustomParser = result => Parsed(
            result,
            name,
            $"a whole number from 0 to {ulong.MaxValue}",
            (string text, out ulong value) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value)),
    };

    /// <summary>Makes sure that seeds that follow each other do not run past the last one, and begin at 0 again.</summary>
    /// <exception cref="InputException">They do.</exception>
    internal static void RequireSeeds(string parameter, ulong first, int count)
    {
        if ((ulong)(count - 1) > ulong.MaxValue - first)
        {
            throw new InputException(
                parameter,
                $"{first}, from which {count} seeds would follow each other",
                $"at most {ulong.MaxValue - (ulong)(count - 1)} for so many");
        }
    }

    private delegate bool Parser<T>(string text, out T value);

    private static int? Whole(ArgumentResult result, string name, int lowest, int highest) => Parsed(
        result,
        name,
        $"a whole number from {lowest} to {highest}",
        (string text, out int value) =>
            int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
            && value >= lowest
            && value <= highest);

    private static T? Parsed<T>(ArgumentResult result, string name, string expected, Parser<T> parse)
        where T : struct
    {
        string text = result.Tokens[0].Value;
        if (parse(text, out T value))
        {
            return value;
        }

        result.AddError(new InputException(name, text.Length == 0 ? "an empty text" : text, expected).Message);
        return null;
    }

    /// <summary>A folder, as <c>--output</c> names it.</summary>
    internal static Option<string> Folder(string folder, string description) => new("--output", "-o")
    {
        Description = description,
        HelpName = "DIR",
        DefaultValueFactory = _ => folder,
    };
}
