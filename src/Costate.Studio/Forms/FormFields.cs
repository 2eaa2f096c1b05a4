namespace Costate.Studio.Forms;

/// <summary>Fields that several forms have.</summary>
internal static class FormFields
{
    internal const string Yes = "yes";
    internal const string No = "no";

    // What a page's script can say exactly.
    private const double LargestSeed = (1L << 53) - 1;

    internal static FormField Prompt(string label, string value) =>
        new("prompt", label, FieldKind.Text) { Default = value, IsRequired = true };

    internal static FormField Steps(string value, int most = 1000) => new("steps", "Steps", FieldKind.Whole)
    {
        Default = value,
        Least = 1,
        Most = most,
        Help = "More steps are nearer to what the model means, and take longer.",
    };

    internal static FormField Solver(IReadOnlyList<SolverChoice> solvers, string value, string help = "") =>
        new("solver", "Solver", FieldKind.Choice) { Default = value, Choices = [.. solvers.Select(s => s.Name)], Help = help };

    internal static FormField GuidanceScale(string value = "") => new("guidance-scale", "Guidance scale", FieldKind.Number)
    {
        Default = value,
        Least = 0,
        Most = 100,
        Help = "How much the words count; 1 is as the model draws by itself. Left empty, as the model's kind is used.",
    };

    internal static FormField Seed(string help = "The same seed gives the same picture.") =>
        new("seed", "Seed", FieldKind.Whole) { Default = "0", Least = 0, Most = LargestSeed, Help = help };

    internal static FormField Picture(string name, string label, string help = "") =>
        new(name, label, FieldKind.Picture) { IsArgument = true, IsRequired = true, Help = help };

    internal static FormField Choice(string name, string label, string value, params IReadOnlyList<string> choices) =>
        new(name, label, FieldKind.Choice) { Default = value, Choices = choices };

    internal static FormField Flag(string name, string label, bool value, string help = "") =>
        new(name, label, FieldKind.Flag) { Default = value ? Yes : No, Choices = [Yes, No], Help = help };
}
