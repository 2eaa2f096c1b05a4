using System.Globalization;
using Costate.Faces.Guidance;
using Costate.Faces.Names;

namespace Costate.Experiments.Guidance;

/// <summary>What an evaluation of guidance compares.</summary>
/// <param name="Tasks">The tasks.</param>
/// <param name="Methods">The methods, each at every task.</param>
/// <param name="Budgets">The most network evaluations for a sample, of every method.</param>
internal sealed record GuidanceStudyChoice(
    IReadOnlyList<GuideTask> Tasks,
    IReadOnlyList<StudiedMethod> Methods,
    IReadOnlyList<long> Budgets)
{
    /// <summary>From lists with commas between their entries.</summary>
    /// <param name="tasks">All if null.</param>
    /// <param name="methods">All if null.</param>
    /// <param name="lookahead">Those that greedy guidance is compared with, where it is among the methods.</param>
    /// <param name="evaluations">The budgets.</param>
    /// <exception cref="InputException">An entry is unknown, or stands twice.</exception>
    internal static GuidanceStudyChoice Parse(string? tasks, string? methods, string lookahead, string evaluations)
    {
        string[] ahead = [.. lookahead.Split(',').Select(StudiedMethod.Ahead)];
        IEnumerable<string> names = methods?.Split(',') ?? GuideMethod.All.Select(m => m.Name);
        var choice = new GuidanceStudyChoice(
            [.. tasks?.Split(',').Select(name => GuideTask.Parse("tasks", name, GuideTask.Evaluated)) ?? GuideTask.Evaluated],
            [.. names.SelectMany(name => name == GuideMethod.Greedy.Name ? ahead : [name]).Select(StudiedMethod.Parse)],
            [.. evaluations.Split(',').Select(Budget)]);
        RequireOnce("methods", choice.Methods.Select(m => m.Name));
        RequireOnce("tasks", choice.Tasks.Select(t => t.Name));
        RequireOnce("evaluations", choice.Budgets.Select(e => $"{e}"));
        return choice;
    }

    // Results are kept in files by these names, which on some systems do not tell capitals.
    private static void RequireOnce(string parameter, IEnumerable<string> names)
    {
        if (names.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new InputException(parameter, $"{twice.Key} twice", "each once");
        }
    }

    private static long Budget(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long value) && value is >= 5 and <= Limits.Steps
        ? value
        : throw new InputException("evaluations", text, $"whole numbers from 5 to {Limits.Steps}, with commas between them");
}
