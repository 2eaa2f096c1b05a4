using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>How the gradient of a sample is found. A value: change one word to change the method.</summary>
/// <remarks>
/// What does not fit into memory is evaluated a second time, and the answer is still the gradient of the sample that was returned: a
/// network that draws from the default generator (dropout) draws the same numbers again, and one whose answer changes otherwise (a
/// counter, a generator of its own) is refused. A batch normalisation in training mode is right, and its running statistics move once a sample, where
/// the denoiser was made from the module itself. A network whose graph does not reach an input on which its output depends is refused by
/// every method;
/// where a graph does not reach x or z, one further evaluation finds that out.
/// Gradients are in the dtype of what they belong to, in memory of their own.
/// </remarks>
public abstract class GradientMethod
{
    private protected GradientMethod()
    {
    }

    /// <summary>
    /// The exact discrete adjoint: the transpose of the solver's table. Exact to rounding for every solver. The default choice.
    /// </summary>
    /// <remarks>
    /// For N evaluations of a sample, N vector-Jacobian products, and evaluations between N, where the graphs of all fit into memory, and
    /// 2 N, where none does. Keeps N states and, on CPUs, graphs in half of the memory that is free when the sample begins, or what
    /// <paramref name="checkpointing"/> says; the answer has the same bits whatever was kept. Some 256 values of each output are kept as
    /// well, and a repeated output that differs from them (by 1e-9 of the largest in 64 bits, 1e-3 in 32, 5e-2 in 16) is refused.
    /// </remarks>
    /// <param name="checkpointing">What is kept. The default is <see cref="Checkpointing.Default"/>.</param>
    /// <param name="lastSteps">
    /// K: only the last K steps of the grid have a gradient, and the states before them count as constants (truncated backpropagation, as
    /// in DRaFT-K, Clark et al. 2024, and AlignProp, Prabhudesai et al. 2023). That with respect to x_T is then zero; those with respect to
    /// the condition and the weights are of these steps. Evaluations with a graph, products and states kept are theirs alone. The default
    /// is all.
    /// </param>
    /// <exception cref="InputException"><paramref name="lastSteps"/> is less than 1.</exception>
    public static GradientMethod Discrete(Checkpointing? checkpointing = null, int? lastSteps = null) =>
        new DiscreteMethod(checkpointing, lastSteps);

    /// <summary>
    /// AdjointDEIS (Blasingame and Liu 2024): the continuous adjoint equation solved by an exponential integrator, ODE or SDE.
    /// </summary>
    /// <remarks>
    /// The gradient of the <em>continuous</em> problem up to O(h^order): at few steps less accurate than <see cref="Discrete"/> at
    /// the same cost. The choice when the adjoint grid must differ from the sampling grid, or with many steps. M evaluations with a
    /// graph and M products after the N evaluations of the sample. Under a scheduled condition order 2 falls to 1 where the condition
    /// changes, as the order of a multistep sampler does: both extrapolate across the change. On the sampling grid with recorded states the
    /// evaluations are those of the sample, whose graphs are kept while they fit, as in <see cref="Discrete"/>; elsewhere a network that
    /// draws draws anew. In noise prediction, the published form, errors of long steps grow without bound; in data prediction (that of
    /// <c>dY = x0 d(alpha/sigma)</c>, Y = x/sigma) they do not, and it may begin where there is no signal, but not end where there is no
    /// noise.
    /// </remarks>
    /// <param name="order">1 or 2 (2M). The default value is 1.</param>
    /// <param name="steps">M, the number of adjoint steps. The default is the sampling grid itself; another number places its points by
    /// index, in the half log-SNR.</param>
    /// <param name="trajectory">Where the states come from. The default is <see cref="Trajectory.Recorded"/> on the sampling grid and
    /// <see cref="Trajectory.Interpolated"/> on another.</param>
    /// <param name="graphs">What the graphs of evaluations may take that the sample and its adjoint share. The default is
    /// <see cref="GraphBudget.Default"/>.</param>
    /// <param name="prediction"><see cref="Prediction.Noise"/> (the default), or <see cref="Prediction.Data"/>: better at few steps,
    /// and about as good at many.</param>
    /// <exception cref="ArgumentOutOfRangeException">The order, the number of steps or the prediction is not supported.</exception>
    public static GradientMethod AdjointDeis(
        int order = 1,
        int? steps = null,
        Trajectory? trajectory = null,
        GraphBudget? graphs = null,
        Prediction prediction = Prediction.Noise) =>
        steps is null or >= 1
            ? new AdjointDeisMethod(
                order, grid => steps is null || steps == grid.Steps ? grid : null, steps, trajectory, graphs, prediction)
            : throw new ArgumentOutOfRangeException(nameof(steps), steps, $"Got {steps} adjoint steps; there is at least one.");

    /// <inheritdoc cref="AdjointDeis(int, int?, Trajectory?, GraphBudget?, Prediction)"/>
    /// <param name="order">1 or 2 (2M).</param>
    /// <param name="grid">The adjoint grid, from noise to data as a sampling grid is; its ends must be those of the sampling grid.</param>
    /// <param name="trajectory">Where the states come from.</param>
    /// <param name="prediction"><see cref="Prediction.Noise"/> (the default), or <see cref="Prediction.Data"/>: better at few steps,
    /// and about as good at many.</param>
    public static GradientMethod AdjointDeis(
        int order, TimeGrid grid, Trajectory? trajectory = null, Prediction prediction = Prediction.Noise)
    {
        ArgumentNullException.ThrowIfNull(grid);
        return new AdjointDeisMethod(order, _ => grid, null, trajectory, graphs: null, prediction);
    }

    /// <summary>
    /// Plain backpropagation through the whole run, for comparison: exact, one evaluation and one product for each evaluation of the
    /// sample, but the activations of all evaluations are in memory at once. Evaluates the network once, so it may be any; through
    /// <see cref="Sampler.Differentiable"/> it is autograd's own graph, which can be differentiated again.
    /// </summary>
    public static GradientMethod Unrolled() => new UnrolledMethod();

    /// <summary>
    /// The exact gradient through a reversible solver: the states are reconstructed from the sample while the gradient goes back
    /// through them. Stores no trajectory.
    /// </summary>
    /// <remarks>
    /// For N evaluations of a sample: N without a graph, N with one, N vector-Jacobian products. Keeps two states, each in two words of 64
    /// bits, and the graphs of one increment (as many evaluations as the tableau has stages). Where a state is reconstructed wrongly, by
    /// more than 1e-3 of its largest value at the start or at an anchor, the first evaluation is repeated: a network that answers otherwise
    /// is refused, the drift of an unstable solver is reported (<see cref="SampleGradient.ReconstructionDrift"/>).
    /// </remarks>
    /// <param name="anchors">Keep the states of every this many steps and go on from them, against rounding drift; null (the default) keeps
    /// none.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="anchors"/> is less than 1.</exception>
    public static GradientMethod Reversible(int? anchors = null) => anchors is null or >= 1
        ? new ReversibleMethod(anchors)
        : throw new ArgumentOutOfRangeException(nameof(anchors), anchors, $"Got anchors every {anchors} steps; at least every 1.");

    /// <summary>Runs forward and keeps what the gradient needs. Recorded a second time, a run repeats its first evaluations.</summary>
    internal abstract GradientTape Record(SamplingRun run);

    /// <summary>The sample of a run as a node of the caller's graph.</summary>
    internal virtual Tensor Differentiable(SamplingRun run, Action<Exception?> report) =>
        SamplingFunction.Run(Repeatable(run), this, report);

    /// <summary>What makes repeated evaluations equal to the first; null where none is repeated.</summary>
    private protected virtual EvaluationReplay? NewReplay() => new(comparesOutputs: true);

    private protected SamplingRun Repeatable(SamplingRun run) => run.Replay is null ? run with { Replay = NewReplay() } : run;

    private sealed class ReversibleMethod(int? anchors) : GradientMethod
    {
        public override string ToString() => $"Reversible({anchors})";

        // The round trip shows what the outputs would.
        private protected override EvaluationReplay? NewReplay() => new(comparesOutputs: false);

        internal override GradientTape Record(SamplingRun run) => run.Table.Reversal is not null
            ? new ReversibleTape(Repeatable(run), anchors)
                : throw new ArgumentException(
                    $"{run.Solver.Name} is not reversible: its states cannot be reconstructed from the sample. "
                        + $"Use {nameof(Solver)}.{nameof(Solver.Rex)}(...), or {nameof(Discrete)}() with this solver.");
    }

    private sealed class UnrolledMethod : GradientMethod
    {
        public override string ToString() => "Unrolled()";

        // Autograd's own graph: it frees itself, checks what was changed in place and can be differentiated again.
        internal override Tensor Differentiable(SamplingRun run, Action<Exception?> report)
        {
            using DisposeScope scope = NewDisposeScope();
            return run.ToCaller(UnrolledTape.Unroll(run)).MoveToOuterDisposeScope();
        }

        internal override GradientTape Record(SamplingRun run) => new UnrolledTape(run);

        private protected override EvaluationReplay? NewReplay() => null;
    }
}
