using System.Globalization;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>
/// The text that binds an inverted sample to its solver: it names all that changes the solver's numbers, and nothing else.
/// </summary>
public sealed class SolverIdentityTests
{
    private static readonly FinalSteps[] Policies = Enum.GetValues<FinalSteps>();
    private static readonly SolverType[] Types = Enum.GetValues<SolverType>();
    private static readonly Prediction[] Kinds = [Prediction.Noise, Prediction.Data];

    [Fact]
    public void SameIdentity_IsSameTable()
    {
        (string Identity, string Table, string Name)[] all = [.. Variants().Select(v => (v.Solver.Identity!, TablesOf(v.Solver), v.Name))];
        foreach (var same in all.GroupBy(v => v.Identity))
        {
            Assert.True(
                same.DistinctBy(v => v.Table).Count() == 1,
                $"'{same.Key}' is {string.Join(" and ", same.DistinctBy(v => v.Table).Select(v => v.Name))}, whose tables differ.");
        }

        foreach (var same in all.GroupBy(v => v.Table))
        {
            Assert.True(
                same.DistinctBy(v => v.Identity).Count() == 1,
                $"One table is {string.Join(" and ", same.DistinctBy(v => v.Identity).Select(v => v.Identity))}.");
        }

        // The names alone would not do, or this test would prove nothing.
        Assert.Contains(Variants().GroupBy(v => v.Solver.Name), same => same.Select(v => TablesOf(v.Solver)).Distinct().Count() > 1);
        Assert.All(Solvers.Every, row => Assert.NotNull(Solvers.Named(row.Data).Identity));
    }

    [Fact]
    public void AStateOfAnotherVariant_IsRefused()
    {
        using var scope = NewDisposeScope();
        Mixture mixture = Mixture.Load();
        TimeGrid grid = TimeGrid.UniformLogSnr(mixture.Schedule, 6, 1, 0.01);
        (Solver Made, Solver Other)[] pairs =
        [
            (Solver.Ddpm(), Solver.Ddpm(largeVariance: true)),
            (Solver.SdeDpmSolverPlusPlus(2), Solver.SdeDpmSolverPlusPlus(2, SolverType.Heun)),
            (Solver.SdeDpmSolverPlusPlus(2), Solver.SdeDpmSolverPlusPlus(2, finalSteps: FinalSteps.EulerLast)),
            (Solver.DpmSolverPlusPlus(2), Solver.DpmSolverPlusPlus(2, SolverType.Heun)),
            (Solver.UniPc(2), Solver.UniPc(2, UniPcVariant.Bh1)),
            (Solver.UniPc(2), Solver.UniPc(2, prediction: Prediction.Noise)),
            (Solver.Rex(ButcherTableau.Euler), Solver.Rex(ButcherTableau.Euler, 0.99)),
            (Solver.Rex(ButcherTableau.Midpoint), Solver.Rex(new ButcherTableau("midpoint", 2, [[], [0.75]], [1.0 / 3, 2.0 / 3]))),
            (new Own(1), new Own(0.5)),
        ];
        foreach ((Solver made, Solver other) in pairs)
        {
            Sampler Of(Solver solver) => new(mixture.Denoiser(), mixture.Schedule, solver, grid);
            using NoiseState state = Of(made).Invert(mixture.StartTensor(), mixture.ConditionTensor(), BrownianPath.PerStep(3));
            Of(made).Sample(state, mixture.ConditionTensor(), BrownianPath.PerStep(3));
            string message = Assert
                .Throws<ArgumentException>(() =>
                {
                    Of(other).Sample(state, mixture.ConditionTensor(), BrownianPath.PerStep(3));
                })
                .Message;
            Assert.Contains("solver: the state has", message, StringComparison.Ordinal);
            Assert.Contains($"this sampler, {other.Name}, '", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ASchedule_OfOnesOwn_IsKnownByItsNumbers()
    {
        using var scope = NewDisposeScope();
        Denoiser denoiser = Denoiser.FromFunction((x, _, _) => x * 0.5, Prediction.Noise);
        Sampler Of(double rate) => new(denoiser, new OwnSchedule(rate), Solver.Ddim(), TimeGrid.Uniform(4));
        using NoiseState state = Of(3).Invert(ones(1, 2));
        Of(3).Sample(state);
        Assert.Contains(
            "schedule: the state has",
            Assert
                .Throws<ArgumentException>(() =>
                {
                    Of(2).Sample(state);
                })
                .Message,
            StringComparison.Ordinal);
    }

    private static IEnumerable<(string Name, Solver Solver)> Variants() =>
    [
        .. Solvers.Every.Select(row => (row.Data, Solvers.Named(row.Data))),
        .. from order in Orders(3) from type in Types from final in Policies
            from made in (Solver[])
                [Solver.DpmSolver(order, type, final), Solver.DpmSolverPlusPlus(order, type, final), Solver.Deis(order, final)]
           select ($"{made} {type} {final}", made),
        .. from order in Orders(2) from type in Types from final in Policies
           from made in (Solver[])[Solver.SdeDpmSolver(order, type, final), Solver.SdeDpmSolverPlusPlus(order, type, final)]
           select ($"{made} {type} {final}", made),
        .. from order in Orders(3) from type in Types from kind in Kinds from onGrid in new[] { false, true } from final in Policies
            select (
                $"singlestep {order} {type} {kind} {onGrid} {final}",
                (Solver)
                    new ExponentialSinglestep("", kind, order)
                    {
                        Type = type,
                        OnGrid = onGrid,
                        FinalSteps = final,
                    }),
        .. from order in Orders(3) from final in Policies from repeats in new[] { false, true } from halves in new[] { false, true }
            select (
                $"multistep {order} {final} {repeats} {halves}",
                (Solver)
                    new ExponentialMultistep("", Prediction.Data, order)
                    {
                        Type = SolverType.Midpoint,
                        FinalSteps = final,
                        RepeatsEnd = repeats,
                        HalvesSecondDerivative = halves,
                    }),
            .. from order in Orders(3)
            from variant in Enum.GetValues<UniPcVariant>()
            from final in Policies
            from kind in Kinds
            from repeats in new[] { false, true }
            from uncorrected in (int[][])
                [
                    [],
                    [0],
                    [1, 2],
                ]
            select (
                $"UniPC {order} {variant} {final} {kind} {repeats} {uncorrected.Length}",
                (Solver)
                    new UniPc(order, kind)
                    {
                        Variant = variant,
                        FinalSteps = final,
                        RepeatsEnd = repeats,
                        UncorrectedSteps = uncorrected,
                    }),
        .. from tableau in ButcherTableau.All from kind in tableau == ButcherTableau.Shark ? [Prediction.Data] : Kinds
            from made in (Solver[])
                [Solver.ExponentialRungeKutta(tableau, kind), Solver.Rex(tableau, 0.999, kind), Solver.Rex(tableau, 0.9, kind)]
           select (made.Name, made),
        ("own midpoint", Solver.Rex(new ButcherTableau("midpoint", 2, [[], [0.75]], [1.0 / 3, 2.0 / 3]))),
        ("edict", Solver.Edict()), ("edict 0.9", Solver.Edict(0.9)), ("edict in turns", Solver.Edict(alternates: false)),
        ("bdia", Solver.Bdia()), ("bdia 0.5", Solver.Bdia(0.5)), ("belm", Solver.Belm()),
        ("ddpm large", Solver.Ddpm(largeVariance: true)),
    ];

    private static int[] Orders(int highest) => [.. Enumerable.Range(1, highest)];

    // The tables on grids that bring out what differs: long enough for every order, with ends and without, and starting without signal.
    private static string TablesOf(Solver solver)
    {
        NoiseSchedule vp = NoiseSchedule.VpLinear(), cosine = NoiseSchedule.VpCosine();
        (NoiseSchedule, TimeGrid)[] grids = [(vp, TimeGrid.Uniform(9)), (vp, TimeGrid.Uniform(8)), (vp, TimeGrid.Uniform(8, 1, 0)), (cosine, TimeGrid.Uniform(7))];
        return string.Join('\n', grids.Select(on =>
        {
            try
            {
                return TextOf(solver.Tabulate(on.Item1, on.Item2));
            }
            catch (InvalidOperationException)
            {
                return "refused";
            }
        }));
    }

    private static string TextOf(SolverTable table) =>
        string.Join(
            '\n',
            table.Rows.Select(
                (row, i) =>
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"{i} {row.Time:R} {row.Interval} {(table.EvaluatedRows.Contains(i) ? row.Prediction.ToString() : "")} "
                            + $"{row.SolvesFor} {Terms(row.States)} {Terms(row.Outputs)} {Terms(row.Inputs)}")));

    private static string Terms(IReadOnlyList<TableTerm> terms) =>
        string.Join(',', terms.Select(term => string.Create(CultureInfo.InvariantCulture, $"{term.Index}:{term.Weight:R}")));

    private sealed class Own(double weight) : Solver
    {
        public override string Name => "Own";

        public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid)
        {
            var table = new TableBuilder(schedule, grid, Prediction.Noise);
            for (int i = 0; i < grid.Steps; i++)
            {
                table.AddGridState(i + 1, [new(i, weight)], [new(i, 0.1)]);
            }

            return table.Build();
        }
    }

    private sealed class OwnSchedule(double rate) : NoiseSchedule
    {
        public override double LogAlpha(double t) => -rate * t;

        public override double LogSigma(double t) => Math.Log(t);

        public override double TimeAtHalfLogSnr(double lambda) => throw new NotSupportedException();

        public override double Drift(double t) => -rate;

        public override double DiffusionSquared(double t) => 1;
    }
}
