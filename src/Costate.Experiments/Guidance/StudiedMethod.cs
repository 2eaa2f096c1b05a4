using System.Globalization;
using Costate.Faces.Guidance;
using Costate.Faces.Names;
using Costate.Networks;

namespace Costate.Experiments.Guidance;

/// <summary>A method of <c>costate evaluate guidance</c>: a name, and changes such as <c>greedy:lookahead=4</c>.</summary>
internal sealed record StudiedMethod
{
    internal const string Changes = "lookahead=N, scheme=NAME, strength=S, steps=N, iterations=N";

    internal required string Name { get; init; }

    internal required GuideMethod Method { get; init; }

    internal string? LookaheadSteps { get; init; }

    internal string Scheme { get; init; } = NamedLookahead.DefaultScheme;

    internal double? Strength { get; init; }

    internal int? Steps { get; init; }

    internal int? Iterations { get; init; }

    /// <summary>For tables and figures.</summary>
    internal string Label => Name == Method.Name ? Method.Label
        : Name == $"{Method.Name}:lookahead={LookaheadSteps}" ? $"{Method.Label}, {LookaheadSteps} ahead"
        : $"{Method.Label}, {Name[(Method.Name.Length + 1)..].Replace(':', ' ')}";

    /// <summary>Greedy guidance with a lookahead.</summary>
    /// <exception cref="InputException">It is no lookahead.</exception>
    internal static string Ahead(string steps)
    {
        NamedLookahead.Parse(steps);
        return steps == "1" ? GuideMethod.Greedy.Name : $"{GuideMethod.Greedy.Name}:lookahead={steps}";
    }

    /// <exception cref="InputException">The name or a change is unknown, or does not fit.</exception>
    internal static StudiedMethod Parse(string text)
    {
        string[] parts = text.Split(':');
        GuideMethod method = GuideMethod.Parse("methods", parts[0]);
        var studied = new StudiedMethod { Name = string.Join(':', [method.Name, .. parts.Skip(1)]), Method = method };
        foreach (string part in parts.Skip(1))
        {
            studied = part.Split('=', 2) switch
            {
                ["lookahead", var v] => studied with { LookaheadSteps = v },
                ["scheme", var v] => studied with { Scheme = v, LookaheadSteps = studied.LookaheadSteps ?? "1" },
                ["strength", var v]
                    when double.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out double s)
                        && s > 0
                        && double.IsFinite(s) => studied with
                        {
                            Strength = s,
                        },
                ["steps", var v]
                    when int.TryParse(v, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n is >= 2 and <= Limits.Steps =>
                    studied with
                    {
                        Steps = n,
                    },
                ["iterations", var v]
                    when int.TryParse(v, NumberStyles.None, CultureInfo.InvariantCulture, out int n)
                        && n is >= 1 and <= Limits.Iterations => studied with
                        {
                            Iterations = n,
                        },
                _ => throw new InputException(
                    "methods",
                    text,
                    $"a name with changes such as {Changes}, with colons between them, of at most {Limits.Steps} steps or iterations"),
            };
        }

        if (studied.LookaheadSteps is string steps)
        {
            if (!method.LooksAhead)
            {
                throw new InputException(
                    "methods",
                    text,
                    $"{method.Name} without a lookahead, since it does not differentiate the network at each step");
            }

            try
            {
                NamedLookahead.Parse(steps, studied.Scheme);
            }
            catch (InputException e)
            {
                throw new InputException("methods", $"{text} with {e.Got} as its {e.ParamName}", e.Expected, e.Remedy, e);
            }
        }

        return studied;
    }

    /// <summary>It within a number of network evaluations.</summary>
    internal GuidePlan PlanFor(GuideTask task, long evaluations, Model model)
    {
        GuidePlan plan = GuidePlan.Of(Method, task);
        return (plan with
        {
            Steps = Steps ?? plan.Steps,
            Iterations = Iterations ?? plan.Iterations,
            Strength = Strength ?? plan.Strength,
            Lookahead = LookaheadSteps is null ? null : NamedLookahead.Parse(LookaheadSteps, Scheme),
        }).Within(evaluations, model);
    }
}
