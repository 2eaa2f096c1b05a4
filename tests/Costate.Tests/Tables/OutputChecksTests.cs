using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests.Tables;

public sealed class OutputChecksTests
{
    private const string Refusal = "The network returned NaN or infinity at step";

    private static readonly NoiseSchedule Schedule = NoiseSchedule.VpLinear();

    private static readonly Dictionary<string, Action<Denoiser>> Refusing = new()
    {
        ["sample"] = network => Of(network).Sample(Start()),
        ["sample of a stochastic solver"] = network => Of(network, Solver.Ddpm()).Sample(Start(), null, BrownianPath.PerStep(1)),
        ["sample of a reversible solver"] = network => Of(network, Rex()).Sample(Start()),
        ["sample of an inverted state"] = network => Of(network, Rex()).Sample(State(network)),
        ["sample that adapts its steps"] = network => new AdaptiveSampler(network, Schedule, Adaptive()).Sample(Start()),
        ["gradient"] = network => Of(network).Gradient(Start(), null, Loss),
        ["gradient without graphs"] = network => Gradient(network, GradientMethod.Discrete(Checkpointing.States)),
        ["gradient of a few graphs"] =
            network => Gradient(network, GradientMethod.Discrete(Checkpointing.Graphs(GraphBudget.OfEvaluations(2)))),
        ["gradient of the last steps"] = network => Gradient(network, GradientMethod.Discrete(lastSteps: 2)),
        ["gradient by Revolve"] = network => Gradient(network, GradientMethod.Discrete(Checkpointing.Revolve(2))),
        ["gradient by AdjointDEIS"] = network => Gradient(network, GradientMethod.AdjointDeis(2)),
        ["gradient by AdjointDEIS, other grid"] = network => Gradient(network, GradientMethod.AdjointDeis(2, 5)),
        ["gradient by AdjointDEIS, solved back"] = network => Of(network, Solver.Ddim())
            .Gradient(Start(), null, Loss, GradientMethod.AdjointDeis(trajectory: Trajectory.SolvedBackward)),
        ["gradient by plain backpropagation"] = network => Gradient(network, GradientMethod.Unrolled()),
        ["gradient back through the solver"] = network => Of(network, Rex()).Gradient(Start(), null, Loss, GradientMethod.Reversible()),
        ["gradient with anchors"] = network => Of(network, Rex()).Gradient(Start(), null, Loss, GradientMethod.Reversible(2)),
        ["gradient that adapts its steps"] = network => new AdaptiveSampler(network, Schedule, Adaptive()).Gradient(Start(), null, Loss),
        ["gradient of losses on the way"] =
            network => Of(network).Gradient(Start(), null, Loss, losses: [StepLoss.AtState(2, Loss), StepLoss.AtPrediction(3, Loss)]),
        ["gradient of the times"] = network => Of(network).Gradient(Start(), null, Loss, also: GradientParts.Times),
        ["node of a graph"] = network => Backward(network, GradientMethod.Discrete(Checkpointing.States)),
        ["node of a graph that is unrolled"] = network => Backward(network, GradientMethod.Unrolled()),
        ["inversion"] = network => Of(network, Solver.Ddim()).Invert(Start()),
        ["inversion of a reversible solver"] = network => Of(network, Rex()).Invert(Start()),
        ["inversion of a stochastic solver"] = network => Of(network, Solver.Ddpm()).EncodeNoise(Start(), null, 1),
        ["inversion by round trips"] = network => Of(network, Solver.Ddim()).InvertByRoundTrips(Start(), tolerance: 100),
        ["tangent"] = network => Of(network).Tangent(Start(), null, Start(2)),
        ["curvature"] = network => Of(network).Hessian(Start(), null, Loss, Start(2)),
        ["curvature of Gauss and Newton"] = network => Of(network).Hessian(Start(), null, Loss, Start(2), curvature: Curvature.GaussNewton),
        ["density"] = network => Of(network).LogDensity(Start(), null, StartDensity.Normal()),
        ["density of a path"] =
            network => Of(network, Solver.Ddpm()).LogPathDensity(Start(), null, BrownianPath.PerStep(1), StartDensity.Normal()),
        ["likelihood"] = network => Of(network, Solver.Ddim()).LogLikelihood(Start(), null, StartDensity.Normal()),
        ["likelihood of the solver's map"] = network => Of(network, Solver.Ddim())
            .LogLikelihood(Start(), null, StartDensity.Normal(), new LikelihoodOptions { Way = LikelihoodWay.Jacobian }),
        ["gradient of controls"] =
            network => new ControlOptimisation(Of(network)).Gradient(Start(), null, zeros(4, 3, 2, ScalarType.Float64), Loss),
        ["steps learned"] = network =>
            new ScheduleOptimisation(Of(network), new ScheduleOptimisationOptions { Iterations = 2 }).Run(Start(), null, Start(3)),
        ["particles"] = network => new ParticleSampler(network, Schedule, Grid())
            .Sample(ParticleSampler.DrawStart([1, 3, 2], dtype: ScalarType.Float64), null, ParticleTarget.Reward(x => Loss(x).neg())),
        ["FlowEdit"] = network => new FlowEdit(network, TimeGrid.Uniform(4, 0.9, 0.1)).Edit(Start(), Start(4), Start(5)),
    };

    // Items that the network answers nothing for are reported, and the others go on.
    private static readonly Dictionary<string, Action<Denoiser>> Reporting = new()
    {
        ["guidance"] = network => new GuidedSampler(network, Schedule, Grid(), GuidancePreset.Dps(0.1)).Sample(Start(), null, Loss),
        ["posterior"] = network => new PosteriorSampler(network, Schedule, Grid(), PosteriorMethod.Ddnm()).Sample(Start(), null, Seen()),
        ["posterior by annealing"] = network =>
            new AnnealedSampler(network, Schedule, AnnealedMethod.Daps(3, flowSteps: 2, langevinSteps: 2)).Sample(Start(), null, Seen()),
        ["Greedy-DiM"] = network => new GreedyDim(network, Schedule, Grid()).Sample(Start(), null, Loss),
        ["RED-diff"] = network => new RedDiff(network, Schedule, Grid()).Sample(Start(), null, Loss),
        ["optimisation"] = network =>
            new LatentOptimisation(Of(network), Loss, new LatentOptimisationOptions { Iterations = 2 }).Run(Start()),
        ["optimised controls"] = network =>
            new ControlOptimisation(Of(network), ControlOptions.FlowGrad with { Iterations = 2 }).Optimise(Start(), null, Loss),
    };

    public static TheoryData<string> Runs => [.. Refusing.Keys, .. Reporting.Keys];

    [Theory]
    [MemberData(nameof(Runs))]
    public void Flags_TellWhatLooksAtOnceTell(string name)
    {
        using var scope = NewDisposeScope();
        bool refuses = Refusing.TryGetValue(name, out Action<Denoiser>? refusing);
        Action<Denoiser> run = refusing ?? Reporting[name];
        var counted = new Network();
        Assert.Null(Told(run, counted.Denoiser));

        // Numbers alone are refused by nobody.
        Assert.Null(Told(run, new Network().Denoiser.LeavingFlags()));
        foreach (int bad in (int[])[counted.Calls, counted.Calls - 1, (counted.Calls / 2) + 1])
        {
            string? atOnce = Told(run, new Network(bad).Denoiser);
            Assert.Equal(atOnce, Told(run, new Network(bad).Denoiser.LeavingFlags()));
            Assert.True(!refuses || atOnce!.StartsWith(Refusal, StringComparison.Ordinal), $"Evaluation {bad}: {atOnce}");
        }
    }

    [Fact]
    public void Flags_AreLookedAtWhereARunEnds()
    {
        using var scope = NewDisposeScope();
        Network atOnce = new(2), flagged = new(2), whole = new();
        Of(whole.Denoiser).Sample(Start());
        Assert.StartsWith(Refusal, Told(network => Of(network).Sample(Start()), atOnce.Denoiser), StringComparison.Ordinal);
        Assert.StartsWith(Refusal, Told(network => Of(network).Sample(Start()), flagged.Denoiser.LeavingFlags()), StringComparison.Ordinal);
        Assert.Equal((2, whole.Calls), (atOnce.Calls, flagged.Calls));
    }

    [Fact]
    public void Exceptions_ThatFollowFromNoNumber_GiveWayToIt()
    {
        using var scope = NewDisposeScope();
        var checks = new OutputChecks();
        Denoiser network = new Network().Denoiser.LeavingFlags();
        using Scalar nan = double.NaN;
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => checks.During<int>(() =>
        {
            checks.Check(network, ones(2, 3), new EvaluationPoint(0.5, 0.5, 1), 0);
            checks.Check(network, full([2, 3], nan), new EvaluationPoint(0.4, 0.4, 2), 7);
            throw new ArgumentException("That is no number.");
        }));
        Assert.StartsWith(Refusal + " 2 (time 0.4, told 0.4) for item 7.", error.Message, StringComparison.Ordinal);

        // What was told once is forgotten, and no flag is left outside.
        Assert.Throws<ArgumentException>(() => checks.During<int>(() => throw new ArgumentException("Another.")));
        Assert.Throws<InvalidOperationException>(() => checks.Check(network, full([1], nan), new EvaluationPoint(0, 0, 0), 0));
    }

    private static string? Told(Action<Denoiser> run, Denoiser network)
    {
        using DisposeScope scope = NewDisposeScope();
        try
        {
            run(network);
            return null;
        }
        catch (InvalidOperationException e)
        {
            return e.Message;
        }
    }

    private static void Backward(Denoiser network, GradientMethod method)
    {
        Sampler sampler = Of(network);
        Tensor start = Start().requires_grad_(true);
        try
        {
            Loss(sampler.Differentiable(start, null, method)).sum().backward();
        }
        catch (ExternalException) when (sampler.BackwardError is Exception cause)
        {
            throw new InvalidOperationException(cause.Message);
        }
    }

    private static void Gradient(Denoiser network, GradientMethod method) => Of(network).Gradient(Start(), null, Loss, method);

    private static ReversibleNoise State(Denoiser network) =>
        new([Start(), Start(2)], null, ScalarType.Float64, Of(network, Rex()).Settings);

    private static Sampler Of(Denoiser network, Solver? solver = null) =>
        new(network, Schedule, solver ?? Solver.DpmSolverPlusPlus(), Grid());

    private static TimeGrid Grid() => TimeGrid.UniformLogSnr(Schedule, 4, 0.9, 0.01);

    private static Solver Rex() => Solver.Rex(ButcherTableau.Euler);

    private static Solver Adaptive() => Solver.Rex(ButcherTableau.All.First(tableau => tableau.ErrorWeights is not null));

    private static Measurement Seen() =>
        new(LinearOperator.FromMatrix(ones(1, 2, ScalarType.Float64)), zeros(1, 1, ScalarType.Float64), 1);

    private static Tensor Start(ulong seed = 1) => StartNoise.Draw([3, 2], seed, ScalarType.Float64);

    private static Tensor Loss(Tensor x) => x.square().sum(1);

    /// <summary>A network that answers NaN for the items after the first at one of its calls.</summary>
    private sealed class Network
    {
        internal Network(int bad = 0) => Denoiser = Denoiser.FromFunction(
            (Tensor x, Tensor t, Tensor? z) =>
            {
                Calls++;
                Tensor output = ((0.7 * x) + t.reshape(-1, 1) + (z is null ? 0 : 0.1 * z)).tanh() * 0.2;
                using Scalar nan = double.NaN;
                return Calls == bad ? output.masked_fill((arange(x.size(0)) >= 1).reshape(-1, 1) | (x.size(0) == 1), nan) : output;
            },
            Prediction.Noise);

        internal Denoiser Denoiser { get; }

        internal int Calls { get; private set; }
    }
}
