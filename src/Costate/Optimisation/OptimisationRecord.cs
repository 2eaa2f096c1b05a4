using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>What an optimisation has seen: every loss, the best of each row, and who has stopped.</summary>
internal sealed class OptimisationRecord : IDisposable
{
    private readonly LatentVariables variables;
    private readonly LatentOptimisationOptions options;
    private readonly List<double[]> losses = [];
    private readonly int[] lastImprovement;
    private readonly long[] evaluations;
    private readonly List<DivergedItem> diverged = [];
    private readonly Dictionary<int, DivergedItem[]> awaited = [];
    private readonly BestSoFar best = new();

    internal OptimisationRecord(LatentVariables variables, LatentOptimisationOptions options)
    {
        (this.variables, this.options) = (variables, options);
        Best = [.. Enumerable.Repeat(double.PositiveInfinity, variables.Rows)];
        BestIteration = new int[variables.Rows];
        Running = [.. Enumerable.Repeat(true, variables.Rows)];
        lastImprovement = new int[variables.Rows];
        evaluations = new long[variables.Batch];
    }

    internal double[] Best { get; }

    internal int[] BestIteration { get; }

    /// <summary>Which rows run.</summary>
    internal bool[] Running { get; }

    /// <summary>The numbers of the rows that run.</summary>
    internal int[] RunningRows => [.. Enumerable.Range(0, Running.Length).Where(row => Running[row])];

    /// <summary>The rows of the best, [rows, n].</summary>
    internal Tensor Point => best.Values[0];

    /// <summary>Takes in an evaluation: losses of the rows that run, and samples of their items.</summary>
    internal void Add(Tensor rows, int[] evaluated, double[] values, Tensor samples, long networkEvaluations)
    {
        using DisposeScope scope = NewDisposeScope();
        int iteration = losses.Count;
        double[] line = [.. Enumerable.Repeat(double.NaN, Running.Length)];
        for (int i = 0; i < evaluated.Length; i++)
        {
            int row = evaluated[i];
            line[row] = values[i];
            if (values[i] < Best[row] - (double.IsInfinity(Best[row]) ? 0 : options.MinImprovement))
            {
                lastImprovement[row] = iteration;
            }

            if (values[i] < Best[row])
            {
                (Best[row], BestIteration[row]) = (values[i], iteration);
            }

            Running[row] = !(values[i] <= options.StopAtLoss || iteration - lastImprovement[row] >= options.Patience);
        }

        Count(evaluated, networkEvaluations);

        // Those of one row for the whole batch are one item.
        Tensor its = variables.Joined ? samples.unsqueeze(0) : samples;
        Tensor point = losses.Count == 0 ? rows : rows[tensor(evaluated, device: rows.device)];
        best.Take(tensor(values, device: rows.device), [point, its], items: losses.Count == 0 ? null : evaluated);
        losses.Add(line);
    }

    /// <summary>Counts network evaluations for the items of rows.</summary>
    internal void Count(int[] rows, long networkEvaluations)
    {
        foreach (int item in rows.SelectMany(variables.ItemsOf))
        {
            evaluations[item] += networkEvaluations;
        }
    }

    /// <summary>Stops rows that have nowhere to go.</summary>
    internal void Stop(int row) => Running[row] = false;

    /// <summary>The items of a row.</summary>
    internal int[] ItemsOf(int row) => variables.ItemsOf(row);

    /// <summary>Stops the rows of items that diverged, as far as they run.</summary>
    internal void Diverge(IEnumerable<DivergedItem> items)
    {
        DivergedItem[] its = [.. items.Where(item => Running[RowOf(item)])];
        diverged.AddRange(its);
        Array.ForEach(its, item => Stop(RowOf(item)));
    }

    /// <summary>Which rows of a point are numbers.</summary>
    internal bool[] AreFinite(Tensor rows) => variables.AreFinite(rows);

    /// <summary>
    /// Notes the rows whose items left all numbers in an evaluation and that a line search may bring back, and those that it did.
    /// </summary>
    internal void Await(int[] evaluated, IEnumerable<DivergedItem> items)
    {
        ILookup<int, DivergedItem> byRow = items.ToLookup(RowOf);
        foreach (int row in evaluated)
        {
            if (!byRow.Contains(row))
            {
                awaited.Remove(row);
            }
            else
            {
                awaited.TryAdd(row, [.. byRow[row]]);
            }
        }
    }

    internal OptimisedLatent Result(GradientCost cost)
    {
        IEnumerable<DivergedItem> lost = diverged.Concat(awaited.Values.SelectMany(items => items)).DistinctBy(item => item.Item);
        (Tensor start, Condition? condition) = variables.Unpack(Point);
        int batch = variables.Batch;
        return new OptimisedLatent
        {
            StartNoise = start.clone(),
            Condition = Kept(condition, ConditionRole.Conditional),
            Unconditional = Kept(condition, ConditionRole.Unconditional),
            Sample = (variables.Joined ? best.Values[1].squeeze(0) : best.Values[1]).clone(),
            Losses = tensor(losses.SelectMany(line => line).ToArray(), [losses.Count, Running.Length], ScalarType.Float64, CPU),
            BestLoss = Best,
            BestIteration = BestIteration,
            NetworkEvaluations = evaluations,
            Diverged = [.. lost.OrderBy(item => item.Item)],
            Cost = cost,
        };
    }

    public void Dispose() => best.Dispose();

    private static Condition? Kept(Condition? condition, ConditionRole role) => condition?
        .Of(role)?
        .Map(entry => entry with { Values = entry.Values.clone(), Role = ConditionRole.Conditional });

    private int RowOf(DivergedItem item) => variables.Joined ? 0 : item.Item;
}
