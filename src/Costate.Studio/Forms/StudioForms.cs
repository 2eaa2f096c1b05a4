using Costate.Faces.Guidance;
using Costate.Faces.Names;
using static Costate.Studio.Forms.FormFields;

namespace Costate.Studio.Forms;

/// <summary>All pages that compute.</summary>
internal static class StudioForms
{
    private const string Words = "words";
    private const string Face = "face";
    private const string Program = "your own";

    private const string Trusted =
        "A TorchScript file is a program: it runs with your rights. Take only files whose origin you trust.";

    internal static IReadOnlyList<StudioForm> All { get; } =
    [
        new("sample", "Sample", "Pictures by words, from as many noises as you like.", "sample")
        {
            Fields =
            [
                Prompt("Prompt", "a smiling person with curly red hair and glasses"),
                new("negative", "Negative prompt", FieldKind.Text) { Help = "What to lead away from." },
                new("batch", "Pictures", FieldKind.Whole) { Default = "4", Least = 1, Most = 64, Help = "Each from a noise of its own." },
                Steps("20"),
                Solver(SolverChoice.Forward, "dpm++2m"),
                GuidanceScale(),
                Seed(),
            ],
            TakesModel = _ => true,
            Code = PictureCode.Sample,
        },
        new("edit", "Edit", "A picture goes back to its noise, exactly, and comes back under other words.", "edit")
        {
            Fields =
            [
                Picture("SAMPLE", "Picture"),
                Choice("by", "Edited by", Words, Words, Face) with { IsOfPage = true },
                new("from", "What it shows", FieldKind.Text)
                {
                    When = new("by", Words),
                    Help = "In words, which it is inverted under. Empty is no words.",
                },
                Prompt("What it shall show", "a person with red hair and glasses") with { When = new("by", Words) },
                new("condition-from", "The face whose code it takes", FieldKind.Picture) { When = new("by", Face), IsRequired = true },
                Solver(SolverChoice.Backward, "rex:midpoint", "All but the last invert exactly."),
                Steps("20"),
                new("strength", "Strength", FieldKind.Number)
                {
                    Default = "1",
                    Least = 0.01,
                    Most = 1,
                    Help = "How much of the way to noise it goes: less keeps more of the picture.",
                },
                GuidanceScale() with { When = new("by", Words) },
            ],
            Always = ["round-trip"],
            TakesModel = values => values["by"] == Words,
            Code = PictureCode.Edit,
        },
        new("guide", "Guide", "A picture is restored, or drawn to fit a person, words or a loss of yours, without training.", "guide")
        {
            Fields =
            [
                Picture("IMAGE", "Picture"),
                Choice("task", "Task", GuideTask.Inpaint.Name, [.. GuideTask.All.Select(task => task.Name)]),
                new("mask", "What to keep", FieldKind.Mask)
                {
                    When = new("task", GuideTask.Inpaint.Name),
                    Help = "Paint over what shall be drawn anew. Without a mask it is the middle.",
                },
                new("factor", "Made smaller by", FieldKind.Whole)
                {
                    When = new("task", GuideTask.SuperResolution.Name),
                    Default = "4",
                    Least = 2,
                    Most = 32,
                },
                new("blur", "Blurred by", FieldKind.Number)
                {
                    When = new("task", GuideTask.Deblur.Name),
                    Default = "2",
                    Least = 0.1,
                    Most = 20,
                    Help = "The standard deviation, in pixels.",
                },
                Prompt("Words to fit", "a person with red hair and glasses") with { When = new("task", GuideTask.Prompt.Name) },
                new("loss", "Loss", FieldKind.Program) { When = new("task", GuideTask.OwnLoss.Name), IsRequired = true, Help = Trusted },
                Choice("method", "Method", GuideMethod.Greedy.Name, Named(_ => true)),
                new("strength", "Strength", FieldKind.Number)
                {
                    Least = 0,
                    Most = 1e6,
                    Help = "How strongly it guides, in the method's own unit, or its learning rate. Empty is the method's.",
                },
                Choice("lookahead", "Lookahead", "1", "1", "2", "4", "8", NamedLookahead.All) with
                {
                    When = new("method", Named(method => method.LooksAhead)),
                    Unsaid = "1",
                    Help = "By how many further steps the picture is predicted that the loss is taken of.",
                },
                new("iterations", "Iterations", FieldKind.Whole)
                {
                    When = new("method", Named(method => method.Iterations > 0)),
                    Least = 1,
                    Most = 1000,
                    Help = "Of the optimiser: of the whole, or of each step. Empty is the method's.",
                },
                Choice("optimise", "What changes", "both", "both", "noise", "code") with
                {
                    When = new("method", GuideMethod.EndToEnd.Name),
                    Unsaid = "both",
                },
                Steps("20") with { Least = 2, When = new("method", Named(method => !IsThroughAll(method))) },
                Steps("") with
                {
                    Name = "all-steps",
                    Option = "steps",
                    Least = 2,
                    When = new("method", Named(IsThroughAll)),
                    Help = "Each iteration takes them all. Empty is the method's.",
                },
                new("samples", "Samples", FieldKind.Whole) { Default = "1", Least = 1, Most = 16 },
                Seed(),
            ],
            TakesModel = values => values["task"] is not ("identity" or "prompt"),
            Code = GuideCodeText.Of,
        },
        new("morph", "Morph", "One face that recognisers take for both of two.", "morph")
        {
            Fields =
            [
                Picture("A", "One face"),
                Picture("B", "Another"),
                new("iterations", "Iterations", FieldKind.Whole)
                {
                    Default = "50",
                    Least = 0,
                    Most = 1000,
                    Help = "Steps of the optimiser; with 0 the faces are only blended.",
                },
                Steps("20"),
                new("encode-steps", "Steps to the noise", FieldKind.Whole) { Default = "100", Least = 1, Most = 1000 },
                Choice("optimiser", "Optimiser", "adam", "adam", "descent", "l-bfgs"),
                Choice("optimise", "What changes", "both", "both", "noise", "code"),
                Seed("Of noise that a stochastic solver draws."),
            ],
            Code = MorphCodeText.Of,
        },
        new("gradient", "Gradient", "What a loss on the picture says of the noise, step by step.", "gradient")
        {
            Fields =
            [
                Prompt("Prompt", "a person with red hair and glasses"),
                Choice("by", "Loss", "mean-square", "mean-square", "sum", Program) with { Option = "loss", Unsaid = Program },
                new("loss", "Loss of yours", FieldKind.Program) { When = new("by", Program), IsRequired = true, Help = Trusted },
                Steps("20", most: 200),
                Solver(SolverChoice.Forward, "dpm++2m"),
                Choice("method", "Gradient by", "discrete", "discrete", "revolve:8", "adjoint-deis:2"),
                GuidanceScale(),
                Seed(),
            ],
            Always = ["by-step"],
            TakesModel = _ => true,
            Code = PictureCode.Gradient,
        },
        new("study", "Study", "The plots of the documentation, measured on this machine.", "study")
        {
            Fields =
            [
                Choice("study", "Of", "gradients", "gradients", "reversibility", "density", "posterior", "boltzmann") with
                {
                    IsArgument = true,
                    Unsaid = "gradients",
                    Help = "Errors of gradients, exactness of inversions, densities, distances to known posteriors, or physical systems.",
                },
                Flag("quick", "Quick", true, "A look in seconds or a minute; the whole takes many minutes."),
            ],
            UsesNetworks = false,
            Code = StudyCodeText.Of,
        },
    ];

    private static bool IsThroughAll(GuideMethod method) => method.Kind is GuideKind.EndToEnd or GuideKind.Control;

    private static string[] Named(Func<GuideMethod, bool> which) => [.. GuideMethod.All.Where(which).Select(method => method.Name)];

    /// <exception cref="InputException">There is none of this name.</exception>
    internal static StudioForm Named(string kind) => All.FirstOrDefault(form => form.Kind == kind)
        ?? throw new InputException("kind", kind.Length > 40 ? kind[..40] : kind, $"one of {string.Join(", ", All.Select(f => f.Kind))}");
}
