using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// Draws samples from a diffusion or flow model, and runs it backwards: the gradient of any loss on a sample with respect to the
/// noise it started from, the condition and the weights.
/// </summary>
/// <remarks>
/// Results keep the dtype and device of x_T and go to the caller's dispose scope; arguments are never disposed. Item i of a batch
/// does not depend on its neighbours, as far as the network does not. A sampler holds no tensor and is as thread-safe as its
/// denoiser, except for <see cref="BackwardError"/>, which is that of the last backward pass on any thread. Give start noise of standard
/// deviation sigma at the grid's start (1 on a variance-preserving schedule).
/// </remarks>
public sealed partial class Sampler
{
    internal const string NetworkSetting = "network";
    internal const string SolverSetting = "solver";

    /// <summary>A sampler.</summary>
    /// <param name="denoiser">The network.</param>
    /// <param name="schedule">The schedule it was trained on.</param>
    /// <param name="solver">The method.</param>
    /// <param name="grid">Where it steps.</param>
    /// <exception cref="InvalidOperationException">The solver cannot run on this grid and schedule; the message says why and what to
    /// do.</exception>
    public Sampler(Denoiser denoiser, NoiseSchedule schedule, Solver solver, TimeGrid grid)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(schedule);
        ArgumentNullException.ThrowIfNull(solver);
        ArgumentNullException.ThrowIfNull(grid);
        (Denoiser, Schedule, Solver, Grid) = (denoiser, schedule, solver, grid);
        Table = solver.Tabulate(schedule, grid);
        foreach (int row in Table.EvaluatedRows)
        {
            Table.Conversion(denoiser.Prediction, row);
        }
    }

    /// <summary>The network.</summary>
    public Denoiser Denoiser { get; }

    /// <summary>The schedule.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>The method.</summary>
    public Solver Solver { get; }

    /// <summary>Where it steps.</summary>
    public TimeGrid Grid { get; }

    /// <summary>
    /// What a <see cref="NoiseState"/> depends on, as text: the solver with all its options, schedule, grid, prediction, the times that the
    /// network is told, and the network's fingerprint, if <see cref="Denoiser.WithFingerprint"/> asked for one (it is then computed here).
    /// </summary>
    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>(
        Denoiser.Fingerprint is string fingerprint ? [KeyValuePair.Create(NetworkSetting, fingerprint)] : [])
    {
        [SolverSetting] = Solver.Identity ?? $"{Solver.Name}, {Table.Fingerprint}",
        ["schedule"] = Schedule.Identity ?? $"{Schedule}, {Table.Fingerprint}",
        ["grid"] = $"{Grid}, {Fingerprint.Of(Grid.Times.Concat(Grid.NetworkTimes))}",
        ["prediction"] = Denoiser.Prediction.ToString(),
        ["networkTime"] = Denoiser.TimeConventionText,
    };

    /// <summary>The method on the grid, as numbers.</summary>
    public SolverTable Table { get; }

    /// <summary>Draws a sample, without a graph. Keeps the few states and predictions that the solver still needs.</summary>
    /// <param name="xT">Start noise, [batch, ...], floating point.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="noise">The path of a stochastic solver; others ignore it.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <returns>The sample, in the shape of <paramref name="xT"/>.</returns>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite.</exception>
    /// <exception cref="InvalidOperationException">The network returned another shape, no floating-point numbers, NaN or infinity (the
    /// message names the step and the time), or a module failed on inputs of another dtype or device than its weights.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public Tensor Sample(
        Tensor xT,
        Condition? z = null,
        BrownianPath? noise = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        return Sample(Checked(xT, z, noise, progress, cancellationToken)).MoveToOuterDisposeScope();
    }

    /// <summary>Draws the sample of an inverted state again, without a graph.</summary>
    /// <param name="state">What <see cref="Invert"/> returned, under the same settings.</param>
    /// <param name="z">The condition: that of the inversion gives the same sample, another one edits it.</param>
    /// <param name="noise">The path of the inversion, for a stochastic reversible solver; others ignore it.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="ArgumentException">The state was made under other settings; the message says which.</exception>
    /// <inheritdoc cref="Sample(Tensor, Condition?, BrownianPath?, IProgress{StepProgress}?, CancellationToken)" path="/exception"/>
    public Tensor Sample(
        NoiseState state,
        Condition? z = null,
        BrownianPath? noise = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        SamplingInputs.Check(this, state);
        if (state is not ReversibleNoise pair)
        {
            return Sample(state.Start, z, state is EncodedNoise encoded ? encoded.Path : noise, progress, cancellationToken);
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        int first = 0;
        IProgress<StepProgress>? left = progress is null ? null
            : new SelectedProgress(progress, value => value with { Done = value.Done - first, Total = value.Total - first });
        SamplingRun run = Checked(pair.Start.to(state.Dtype), z, noise, left, cancellationToken);
        Finite.CheckInput(pair.States[1], "the second state");
        foreach (Tensor remainder in pair.Remainders ?? [])
        {
            Finite.CheckInput(remainder, "a remainder");
        }

        var executor = new TableExecutor(run);
        (LiveSet live, first) = executor.Begin(pair.States, pair.Remainders);
        using (live)
        {
            executor.Complete(live, first);
            return run.ToCaller(executor.Sample(live)).MoveToOuterDisposeScope();
        }
    }

    /// <summary>
    /// Finds the state from which <see cref="Sample(NoiseState, Condition?, BrownianPath?, IProgress{StepProgress}?, CancellationToken)"/>
    /// draws a given sample.
    /// </summary>
    /// <remarks>
    /// Exact to the last bit with a reversible solver, whose evaluations it repeats. With another deterministic solver this is DDIM
    /// inversion: the solver run from data to noise, wrong by what one step of it changes the prediction. With a stochastic one it is
    /// CycleDiffusion (see <see cref="EncodeNoise"/>), which draws from <paramref name="noise"/>.
    /// </remarks>
    /// <param name="x0">The sample, [batch, ...].</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="noise">The path of a stochastic solver; others ignore it.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <inheritdoc cref="Sample(Tensor, Condition?, BrownianPath?, IProgress{StepProgress}?, CancellationToken)" path="/exception"/>
    public NoiseState Invert(
        Tensor x0,
        Condition? z = null,
        BrownianPath? noise = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun run = Checked(x0, z, noise, SelectedProgress.OfInversion(progress), cancellationToken);
        return Inversion.Invert(run, Settings).MoveToOuterDisposeScope();
    }

    /// <summary>Draws a sample and the gradient of a loss on it.</summary>
    /// <param name="xT">Start noise, [batch, ...], floating point.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="loss">From a sample to one value for each item, [batch]; a scalar is taken as their sum.</param>
    /// <param name="method">How. The default is <see cref="GradientMethod.Discrete"/>; each says what it costs.</param>
    /// <param name="noise">The path of a stochastic solver, replayed for the gradient; others ignore it.</param>
    /// <param name="losses">Further losses, on states and predictions on the way; their values are added to that of the sample.</param>
    /// <param name="also">What is wanted besides. The default is nothing.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <inheritdoc cref="Sample(Tensor, Condition?, BrownianPath?, IProgress{StepProgress}?, CancellationToken)" path="/exception"/>
    public SampleGradient Gradient(
        Tensor xT,
        Condition? z,
        Func<Tensor, Tensor> loss,
        GradientMethod? method = null,
        BrownianPath? noise = null,
        IReadOnlyList<StepLoss>? losses = null,
        GradientParts also = GradientParts.None,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(loss);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun run = Checked(xT, z, noise, progress, cancellationToken);
        return LossGradient.Of(run, loss, method ?? GradientMethod.Discrete(), losses, also).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Draws a sample as an ordinary autograd node: <c>loss(y).backward()</c> fills the <c>grad</c> of <paramref name="xT"/> and of the
    /// condition where they require one, and adds to that of the denoiser's parameters.
    /// </summary>
    /// <remarks>
    /// If neither x_T nor the condition nor a parameter of the denoiser requires a gradient, this is <c>Sample</c>. The inputs may be
    /// disposed before the backward pass, but not changed in place: that is noticed and refused, as torch does.
    /// An exception in the backward pass (of the network, or cancellation) makes <c>backward()</c> throw an
    /// <see cref="System.Runtime.InteropServices.ExternalException"/> about an invalid gradient; the cause is then in
    /// <see cref="BackwardError"/>. <c>torch.autograd.grad</c> cannot throw: there such a gradient is NaN. Use
    /// <see cref="Autograd.Gradients"/>, which throws. First order only: a gradient of a gradient raises when it is taken.
    /// What the method keeps lives until the first backward pass, or until the garbage collector, which is told of that memory, finds it;
    /// a second pass runs forward again. <see cref="GradientMethod.Unrolled"/> is autograd's own graph instead, of any order.
    /// </remarks>
    /// <param name="xT">Start noise, [batch, ...], floating point.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="method">How the gradient is found. The default is <see cref="GradientMethod.Discrete"/>.</param>
    /// <param name="noise">The path of a stochastic solver, replayed for the gradient; others ignore it.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <inheritdoc cref="Sample(Tensor, Condition?, BrownianPath?, IProgress{StepProgress}?, CancellationToken)" path="/exception"/>
    public Tensor Differentiable(
        Tensor xT,
        Condition? z = null,
        GradientMethod? method = null,
        BrownianPath? noise = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        SamplingRun run = Checked(xT, z, noise, progress, cancellationToken);
        BackwardError = null;
        run = run with { Condition = run.Condition?.KeepGradients(entry => entry.Values.requires_grad) };
        bool wantsCondition = run.Condition?.Entries.Any(entry => entry.HasGradient) ?? false;
        return is_grad_enabled() && (xT.requires_grad || wantsCondition || Denoiser.Parameters.Any(p => p.requires_grad))
            ? (method ?? GradientMethod.Discrete()).Differentiable(run, error => BackwardError = error)
            : Sample(xT, z, noise, progress, cancellationToken);
    }

    /// <summary>What went wrong in the last backward pass through a tensor of <see cref="Differentiable"/>; null if nothing did.</summary>
    public Exception? BackwardError { get; private set; }

    /// <summary>
    /// Finds the noise with which a stochastic solver draws a given sample (CycleDiffusion; Wu and De la Torre 2023):
    /// <c>Sample</c> of the start and path returned gives the sample back to rounding.
    /// </summary>
    /// <remarks>
    /// The states are drawn from the forward process given the sample, each from its posterior given the one before and the sample,
    /// so that under a perfect model the noise vectors are independent standard normals. Drawing each state from its marginal alone
    /// would make their variance about 1/h. N network evaluations; keeps the N noise vectors.
    /// </remarks>
    /// <param name="x0">The sample: the state at the end of the grid, [batch, ...].</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="seed">Which states are drawn: one seed for the batch, or one for each item.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="InvalidOperationException">The solver is not stochastic, or a step of it adds no noise (the end of the grid is at
    /// time 0).</exception>
    /// <inheritdoc cref="Sample(Tensor, Condition?, BrownianPath?, IProgress{StepProgress}?, CancellationToken)" path="/exception"/>
    public EncodedNoise EncodeNoise(
        Tensor x0,
        Condition? z,
        NoiseSeeds seed,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        ArgumentNullException.ThrowIfNull(x0);
        seed.Check(nameof(seed), x0.dim() > 0 ? x0.shape[0] : 0);
        SamplingRun run = Checked(x0, z, BrownianPath.PerStep(seed), SelectedProgress.OfInversion(progress), cancellationToken);
        return CycleDiffusion.Encode(run, Settings).MoveToOuterDisposeScope();
    }

    /// <summary>The sample of a run, in the caller's dispose scope.</summary>
    internal static Tensor Sample(SamplingRun run)
    {
        var executor = new TableExecutor(run);
        using LiveSet live = executor.Complete(executor.Begin());
        return run.ToCaller(executor.Sample(live));
    }

    /// <summary>A run from checked inputs.</summary>
    internal SamplingRun Checked(
        Tensor start,
        Condition? z,
        BrownianPath? noise,
        IProgress<StepProgress>? progress,
        CancellationToken cancellationToken)
    {
        Condition? condition = SamplingInputs.Check(this, start, z, noise);
        return new SamplingRun
        {
            Denoiser = Denoiser,
            Table = Table,
            Solver = Solver,
            Grid = Grid,
            Start = start,
            CallerType = start.dtype,
            Condition = condition,
            Noise = noise,
            Input = (i, like) => i < Table.NoiseIntervals.Count ? noise!.Normal(i, Table.NoiseIntervals[i], like) : null,
            Progress = progress,
            Cancellation = cancellationToken,
        };
    }
}
