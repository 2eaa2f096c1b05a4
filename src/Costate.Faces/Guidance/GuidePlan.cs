using Costate.Networks;

namespace Costate.Faces.Guidance;

/// <summary>How a method is run.</summary>
internal sealed record GuidePlan
{
    internal required GuideMethod Method { get; init; }

    internal required int Steps { get; init; }

    /// <summary>Of one that optimises: at each sampling step for Greedy-DiM*, else of the whole.</summary>
    internal required int Iterations { get; init; }

    /// <summary>Over the whole run; the learning rate of one that optimises.</summary>
    internal required double Strength { get; init; }

    /// <summary>Null for the method's own.</summary>
    internal Lookahead? Lookahead { get; init; }

    /// <summary>Null for the method's own.</summary>
    internal double? Eta { get; init; }

    internal double? Clip { get; init; }

    /// <summary>What an end-to-end optimisation changes.</summary>
    internal OptimisationTargets Targets { get; init; } = OptimisationTargets.StartNoise | OptimisationTargets.Condition;

    /// <summary>A method with its defaults for a task.</summary>
    internal static GuidePlan Of(GuideMethod method, GuideTask task) => new()
    {
        Method = method,
        Steps = method.Steps,
        Iterations = method.Iterations,
        Strength = method.StrengthFor(task),
    };

    /// <summary>The options of its guided sampler.</summary>
    internal GuidanceOptions Options()
    {
        GuidanceOptions options = Method.Options!(Strength, Steps);
        return options with { Lookahead = Lookahead ?? options.Lookahead, Eta = Eta ?? options.Eta, Clip = Clip };
    }

    /// <summary>The same sampler without guidance, for comparison.</summary>
    internal GuidanceOptions WithoutGuidance() => new() { Eta = Method.Kind == GuideKind.Sampled ? Options().Eta : 0, Clip = Clip };

    /// <summary>Network evaluations of each item.</summary>
    internal long Evaluations(Model model) => Method.Kind switch
    {
        GuideKind.Sampled => OfSampler(model),
        GuideKind.EndToEnd => Steps + ((long)Iterations * Steps),
        GuideKind.Control => Steps + (2L * Iterations * Steps),
        _ => Steps,
    };

    /// <summary>How long it takes, in network evaluations without gradient.</summary>
    internal double Work(Model model)
    {
        // A gradient of the network takes as long as two evaluations, of a loss as a tenth of one.
        const double Gradient = 2;
        const double Loss = 0.1;
        double evaluations = Evaluations(model);
        return Method.Kind switch
        {
            GuideKind.Sampled => evaluations * (Method.LooksAhead ? 1 + Gradient : 1),
            GuideKind.EndToEnd or GuideKind.Control => evaluations + (Gradient * Iterations * Steps),
            GuideKind.GreedyDim => evaluations * (1 + (Loss * (Iterations + 1))),
            _ => evaluations,
        };
    }

    /// <summary>The same method with as many steps, or iterations, as cost at most so many network evaluations.</summary>
    internal GuidePlan Within(long evaluations, Model model)
    {
        if (Method.Kind is GuideKind.EndToEnd or GuideKind.Control)
        {
            // The first gradient needs a whole run, and the last run has none.
            int steps = (int)Math.Clamp(evaluations / 5, 2, Steps);
            int each = Method.Kind == GuideKind.EndToEnd ? steps : 2 * steps;
            return this with { Steps = steps, Iterations = (int)Math.Max(1, (evaluations - steps) / each) };
        }

        int low = 1;
        int high = (int)(Method.Kind == GuideKind.GreedyDim ? Math.Min(evaluations, Steps) : evaluations);
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = (this with { Steps = middle }).Evaluations(model) <= evaluations ? (middle, high) : (low, middle - 1);
        }

        return this with { Steps = low };
    }

    private long OfSampler(Model model)
    {
        GuidanceOptions options = Options();
        TimeGrid grid = model.Grid(Steps);
        if (!Method.LooksAhead || options.Lookahead == Lookahead.Greedy)
        {
            return grid.Times.SkipLast(1).Sum(Repeats);
        }

        return Enumerable
            .Range(0, Steps)
            .Sum(i =>
                Repeats(grid.Times[i]) * OfGradient(options.Lookahead.At(model.Denoiser, model.Schedule, grid, i).Table.EvaluatedRows.Count)
            );

        // Where graphs are kept, as they are by default, each evaluation happens once.
        long OfGradient(int evaluations) => options.Lookahead.Method is null ? evaluations : 2L * evaluations;

        long Repeats(double time) => time <= options.Recurrences.From && time >= options.Recurrences.To ? options.Recurrences.Count : 1;
    }
}
