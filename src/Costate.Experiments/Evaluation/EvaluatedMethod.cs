using System.Globalization;
using Costate.Faces.Names;

namespace Costate.Experiments.Evaluation;

/// <summary>A way to morph: a name, and changes such as <c>adjoint-deis-1:lr=1:m=5</c>.</summary>
internal sealed record EvaluatedMethod
{
    private const string Changes = "lr=RATE, m=STEPS, trajectory=KIND, solver=NAME";

    /// <summary>Of the table, with the changes that matter.</summary>
    internal required string Name { get; init; }

    internal required string Label { get; init; }

    internal required MethodKind Kind { get; init; }

    internal string SolverName { get; init; } = "ddim";

    /// <summary>How many sampling steps.</summary>
    internal Func<EvaluationSettings, int> StepsOf { get; init; } = s => s.Steps;

    /// <summary>The name of the gradient method.</summary>
    internal string Gradient { get; init; } = "discrete";

    internal int? AdjointSteps { get; init; }

    internal string? Trajectory { get; init; }

    internal double? LearningRate { get; init; }

    internal PublishedRates? Published { get; init; }

    internal static IReadOnlyList<EvaluatedMethod> All { get; } =
    [
        new() { Name = "source", Label = "A itself", Kind = MethodKind.Source, StepsOf = _ => 0 },
        new()
        {
            Name = "dim-a",
            Label = "DiM-A",
            Kind = MethodKind.Blend,
            StepsOf = s => s.BlendSteps,
            Published = new(92.23, 90.18, 93.05, 350),
        },
        new() { Name = "fast-dim", Label = "Fast-DiM", Kind = MethodKind.Blend, SolverName = "dpm++2m", StepsOf = s => Half(s.BlendSteps) },
        new()
        {
            Name = "morph-pipe",
            Label = "Morph-PIPE",
            Kind = MethodKind.BestBlend,
            StepsOf = s => s.BlendSteps,
            Published = new(95.91, 92.84, 95.50, 2350),
        },
        new() { Name = "greedy-dim", Label = "Greedy-DiM*", Kind = MethodKind.Greedy, Published = new(100, 100, 100, 270) },
        Optimised("adjoint-deis-1", "AdjointDEIS-1 ODE", "dpm++2m", "adjoint-deis:1") with { Published = new(99.80, 98.77, 99.39, 2250) },
        Optimised("adjoint-deis-2", "AdjointDEIS-2M ODE", "dpm++2m", "adjoint-deis:2"),
        Optimised("adjoint-deis-sde", "AdjointDEIS-1 SDE", "sde-dpm1", "adjoint-deis:1") with
        {
            Published = new(98.57, 97.96, 97.75, 2250),
        },
        Optimised("discrete", "Discrete", "dpm++2m", "discrete"),
        Optimised("reversible", "Reversible, Rex (Euler)", "rex:euler", "reversible") with { StepsOf = s => Half(s.Steps) },
    ];

    /// <summary>Tables 4 to 6 of AdjointDEIS: adjoint steps, where the trajectory comes from, learning rates.</summary>
    internal static IReadOnlyList<(int Number, string Title, IReadOnlyList<string> Methods)> Tables { get; } =
    [
        (4, "Adjoint steps M", ["adjoint-deis-1:m=20", "adjoint-deis-1:m=15", "adjoint-deis-1:m=10", "adjoint-deis-1:m=5"]),
        (5, "Trajectory", ["adjoint-deis-1:trajectory=recorded", "adjoint-deis-1:trajectory=solved-backward"]),
        (6, "Learning rate", ["adjoint-deis-1:lr=1", "adjoint-deis-1:lr=0.1", "adjoint-deis-1:lr=0.01"]),
    ];

    /// <summary>What is compared by name: how many pairs, and which methods.</summary>
    internal static IReadOnlyList<(string Name, int Pairs, IReadOnlyList<string> Methods)> Studies { get; } =
    [
        ("methods", 200, [.. All.Select(m => m.Name)]),
        ("tables", 100, [.. Tables.SelectMany(t => t.Methods)]),
    ];

    /// <summary>The methods of a study, or of a list in place of them, and how many pairs the study has.</summary>
    /// <param name="study">The study's name.</param>
    /// <param name="list">Names with commas between them; the study's own if null.</param>
    /// <param name="settings">Which they are of.</param>
    /// <exception cref="InputException">There is no such study, or the list cannot be used.</exception>
    internal static (IReadOnlyList<EvaluatedMethod> Methods, int Pairs) Chosen(string study, string? list, EvaluationSettings settings)
    {
        (_, int pairs, IReadOnlyList<string> names) = Specification.Find("study", study, Studies, s => s.Name);
        return (
            list is not null
                ? Parse(list.Split(','), settings)
                : [.. names.Select(name => Parse(name, settings)).DistinctBy(m => m.Name)],
            pairs);
    }

    /// <summary>The methods of a list.</summary>
    /// <exception cref="InputException">A name or a change is unknown, a change does not fit, or a method comes twice.</exception>
    internal static IReadOnlyList<EvaluatedMethod> Parse(IEnumerable<string> texts, EvaluationSettings settings)
    {
        EvaluatedMethod[] methods = [.. texts.Select(text => Parse(text, settings))];
        return methods.GroupBy(m => m.Name).FirstOrDefault(g => g.Count() > 1) is { } twice
            ? throw new InputException("methods", $"{twice.Key} twice", "a list that names each once")
            : methods;
    }

    /// <summary>A method of the table, changed; its name leaves out what the settings say anyway.</summary>
    /// <exception cref="InputException">As in <see cref="Parse(IEnumerable{string}, EvaluationSettings)"/>.</exception>
    internal static EvaluatedMethod Parse(string text, EvaluationSettings settings)
    {
        string[] parts = text.Split(':');
        EvaluatedMethod method = Specification.Find("methods", parts[0], All, m => m.Name);
        if (parts.Length > 1 && method.Kind != MethodKind.Optimised)
        {
            throw new InputException("methods", text, $"{method.Name} alone, which takes no changes", "Leave out what follows the colon.");
        }

        foreach (string[] change in parts.Skip(1).Select(part => part.Split('=', 2)))
        {
            method = change switch
            {
                ["lr", var v]
                    when double.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out double rate)
                        && rate > 0
                        && double.IsFinite(rate) => method with
                        {
                            LearningRate = rate,
                        },
                ["m", var v]
                    when int.TryParse(v, NumberStyles.None, CultureInfo.InvariantCulture, out int m) && m is > 0 and <= Limits.Steps =>
                    method with
                    {
                        AdjointSteps = m,
                    },
                ["trajectory", var v] => method with { Trajectory = v },
                ["solver", var v] => method with { SolverName = v },
                _ => throw new InputException(
                    "methods",
                    text,
                    $"a name with changes such as {Changes}, with colons between them, of at most {Limits.Steps} steps"),
            };
        }

        method = method with
        {
            LearningRate = method.LearningRate == settings.LearningRate ? null : method.LearningRate,
            AdjointSteps = method.AdjointSteps == method.StepsOf(settings) ? null : method.AdjointSteps,
        };
        method = method with { Trajectory = method.Trajectory == "recorded" && method.AdjointSteps is null ? null : method.Trajectory };
        EvaluatedMethod plain = Specification.Find("methods", parts[0], All, m => m.Name);
        string changes = string.Concat(
            method.LearningRate is double r ? FormattableString.Invariant($":lr={r:R}") : "",
            method.AdjointSteps is int n ? $":m={n}" : "",
            method.Trajectory is string t ? $":trajectory={t}" : "",
            method.SolverName == plain.SolverName ? "" : $":solver={method.SolverName}");
        method = method with
        {
            Name = plain.Name + changes,
            Label = plain.Label + changes.Replace(":", ", ", StringComparison.Ordinal),
            Published = changes.Length == 0 ? plain.Published : null,
        };
        if (method.Kind == MethodKind.Optimised)
        {
            try
            {
                method.GradientMethod();
            }
            catch (InputException e)
            {
                throw new InputException("methods", $"{text} with {e.Got} as its {e.ParamName}", e.Expected, e.Remedy, e);
            }
        }

        return method;
    }

    /// <summary>
    /// Network evaluations as AdjointDEIS counts them (appendix H.2): encoding, and one for each sampling and each adjoint step of each
    /// iteration.
    /// </summary>
    internal long Evaluations(EvaluationSettings settings)
    {
        int sampling = StepsOf(settings) * EvaluationsPerStep;
        int adjoint = AdjointSteps ?? sampling;
        long encoding = IsStochastic ? sampling : settings.EncodingSteps;
        return Kind switch
        {
            MethodKind.Source => 0,
            MethodKind.BestBlend => encoding + ((long)settings.Blends * sampling),
            MethodKind.Optimised => encoding + ((long)settings.Iterations * (sampling + adjoint)),
            _ => encoding + sampling,
        };
    }

    /// <summary>How long it takes for one pair, in network evaluations of one picture, without an encoding that methods share.</summary>
    internal double Work(EvaluationSettings settings)
    {
        // A gradient of the network takes as long as two evaluations, one of a recogniser as a half.
        const double Gradient = 2;
        const double Recogniser = 0.5;
        int sampling = StepsOf(settings) * EvaluationsPerStep;
        return Kind switch
        {
            MethodKind.Source => 1,
            MethodKind.BestBlend => (double)settings.Blends * sampling,
            MethodKind.Optimised => (settings.Iterations * (sampling + ((1 + Gradient) * (AdjointSteps ?? sampling))))
                + (IsStochastic ? 3 * sampling : sampling),
            MethodKind.Greedy => sampling * (1 + (Recogniser * settings.InnerSteps)),
            _ => sampling,
        };
    }

    internal bool IsStochastic => Solver().IsStochastic;

    /// <summary>Whether it begins with the noise that the common encoding finds.</summary>
    internal bool SharesEncoding => Kind != MethodKind.Source && !IsStochastic;

    internal Solver Solver() => NamedSolver.Parse(SolverName);

    // Evaluations are counted as published: each of the sample once more, whatever memory a machine has.
    internal GradientMethod GradientMethod() => NamedMethod.Parse(Gradient, Solver(), AdjointSteps, Trajectory, GraphBudget.None);

    private int EvaluationsPerStep => Kind == MethodKind.Optimised && Solver().IsReversible ? 2 : 1;

    private static EvaluatedMethod Optimised(string name, string label, string solver, string gradient) => new()
    {
        Name = name,
        Label = label,
        Kind = MethodKind.Optimised,
        SolverName = solver,
        Gradient = gradient,
    };

    private static int Half(int steps) => Math.Max(1, steps / 2);
}
