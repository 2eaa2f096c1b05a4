using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>Densities of what a sampler draws, and of data under its model.</summary>
public static class SamplerDensities
{
    internal const long DefaultMemoryBudget = 64L << 20;

    /// <summary>
    /// Draws samples and the density that the sampler itself gives them, exactly, for any deterministic solver, multistep and coupled ones
    /// included. With it importance weights have no error but that of sampling.
    /// </summary>
    /// <remarks>
    /// <para>x_0 = F(x_T) has the density <c>p(x_T)/|det dF/dx_T|</c> where F is injective. The determinant is that of the whole Jacobian,
    /// a row for each number of an item by <see cref="GradientMethod.Discrete"/>: exact to rounding, with no need of a reversible solver.
    /// The sign shows where F is folded (<see cref="DensitySample.Folded"/>).</para>
    /// <para>Cost: for d numbers an item, that of the gradient of d samples: N evaluations, as many again where graphs do not
    /// fit into memory, and N products for each of them. Take x_T and the network in 64 bits for weights of many dimensions.</para>
    /// </remarks>
    /// <param name="sampler">The sampler.</param>
    /// <param name="xT">Start noise, [batch, ...], at most 1024 numbers an item.</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="start">The law that x_T is drawn from.</param>
    /// <param name="subspace">That x_T and the samples live in; the density is then per unit of its volume. The default is the whole
    /// space.</param>
    /// <param name="memoryBudget">Bytes for the states that are kept; rows that do not fit are computed after the others. The network's
    /// graph of one evaluation comes on top. The default value is 64 MiB.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="InputException">The solver is stochastic, the start density does not belong to the schedule's noise, or an item has
    /// too many numbers or leaves the subspace.</exception>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite.</exception>
    /// <exception cref="InvalidOperationException">A determinant is 0 (the message names the item), or the network draws random
    /// numbers.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static DensitySample LogDensity(
        this Sampler sampler,
        Tensor xT,
        Condition? z,
        StartDensity start,
        Subspace? subspace = null,
        long memoryBudget = DefaultMemoryBudget,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        ArgumentNullException.ThrowIfNull(start);
        CheckBudget(memoryBudget);
        if (sampler.Solver.IsStochastic)
        {
            throw new InputException(
                nameof(sampler),
                sampler.Solver.Name,
                "one with a deterministic solver",
                $"The density of a stochastic one is an integral over its noise; {nameof(LogPathDensity)} has what weights need of it.");
        }

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        SamplingRun run = sampler.Checked(xT, z, null, progress, cancellationToken);
        start.Check(sampler.Schedule, sampler.Grid.Start);
        subspace?.Check(xT, nameof(xT), $"Draw it there: {nameof(Subspace)}.{nameof(Subspace.Project)}(noise).");
        Tensor logStart = start.At(xT, subspace);
        (Tensor sample, Tensor logDeterminant, Tensor sign, GradientCost cost) =
            JacobianRows.Determinant(run, subspace, memoryBudget, nameof(xT));
        return new DensitySample(sample, logStart - logDeterminant, logDeterminant, sign, cost).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Draws samples of a stochastic solver and what stands for their density in a weight. No gradient is taken: for states of any size.
    /// </summary>
    /// <remarks>
    /// The sampler draws a path with the density of its start and its normal steps; the target is extended to paths by the forward process
    /// from its sample. The ratio of both is a weight whose mean is right at any number of steps; its spread falls with their number. With
    /// the posterior's variance weights are useless at few steps; take <c>Solver.Ddpm(largeVariance: true)</c>, whose steps are no narrower
    /// than the forward process's. Costs no evaluation beyond those of the sample.
    /// </remarks>
    /// <param name="sampler">The sampler; each step of its solver adds one noise vector of its own.</param>
    /// <param name="xT">Start noise, [batch, ...].</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="noise">The path.</param>
    /// <param name="start">The law that x_T is drawn from.</param>
    /// <param name="subspace">That x_T and the samples live in; the noise of the steps is projected to it. The default is the whole
    /// space.</param>
    /// <param name="progress">Told after each network evaluation.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation.</param>
    /// <exception cref="InputException">The solver does not add one noise vector to each step, the start density does not belong to the
    /// schedule's noise, or an item leaves the subspace.</exception>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static PathSample LogPathDensity(
        this Sampler sampler,
        Tensor xT,
        Condition? z,
        BrownianPath noise,
        StartDensity start,
        Subspace? subspace = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        ArgumentNullException.ThrowIfNull(start);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        using var path = new PathIncrements(sampler, subspace);
        SamplingRun run = path.Observed(sampler.Checked(xT, z, noise, progress, cancellationToken));
        start.Check(sampler.Schedule, sampler.Grid.Start);
        subspace?.Check(xT, nameof(xT), $"Draw it there: {nameof(Subspace)}.{nameof(Subspace.Project)}(noise).");
        Tensor sample = Sampler.Sample(run);
        subspace?.CheckSample(sample.to(run.NetworkType));
        Tensor increments = path.Total();
        return new PathSample(sample, start.At(xT, subspace) - increments.sum([0L]), increments).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The likelihood of data: the sampler's solver is run from data to noise, and the start's density there is multiplied by the
    /// determinant of that map.
    /// </summary>
    /// <remarks>
    /// Exact for the continuous model up to the solver's order; <see cref="LikelihoodWay"/> says what each way is at few steps. Take
    /// <see cref="Solver.ExponentialRungeKutta"/> of order 4 or more.
    /// </remarks>
    /// <param name="sampler">The sampler, whose grid runs from noise to data as for sampling; the data are states at its end.</param>
    /// <param name="x0">The data, [batch, ...].</param>
    /// <param name="z">The condition: null, a tensor [batch, ...], or a <see cref="Condition"/>.</param>
    /// <param name="start">The law of noise, at the start of the grid.</param>
    /// <param name="options">How. The default is exact traces.</param>
    /// <param name="progress">Told after each network evaluation of the run.</param>
    /// <param name="cancellationToken">Looked at before each network evaluation of the run.</param>
    /// <exception cref="InputException">The solver is stochastic or reversible, cannot have its divergence integrated on this grid, the
    /// options do not go together, or the start density does not belong to the schedule's noise.</exception>
    /// <exception cref="ArgumentException">An input has the wrong shape, dtype or device, or is not finite.</exception>
    /// <exception cref="InvalidOperationException">A determinant is 0 (the message names the item), or the network draws random
    /// numbers.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public static DataLikelihood LogLikelihood(
        this Sampler sampler,
        Tensor x0,
        Condition? z,
        StartDensity start,
        LikelihoodOptions? options = null,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(sampler);
        ArgumentNullException.ThrowIfNull(start);
        options ??= new LikelihoodOptions();
        options.Check(sampler.Solver);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        start.Check(sampler.Schedule, sampler.Grid.Start);
        var upwards = new Sampler(sampler.Denoiser, sampler.Schedule, sampler.Solver, sampler.Grid.Reversed());
        Condition? flipped = z?.Map(entry => entry.IsScheduled ? entry with { Values = entry.Values.flip(0) } : entry);
        SamplingRun run = upwards.Checked(x0, flipped, null, SelectedProgress.OfInversion(progress), cancellationToken);
        options.Subspace?.Check(x0, nameof(x0), $"Project it: {nameof(Subspace)}.{nameof(Subspace.Project)}(x0).");
        return Likelihood.Of(run, start, options).MoveToOuterDisposeScope();
    }

    internal static void CheckBudget(long bytes)
    {
        if (bytes < 1)
        {
            throw new InputException("memoryBudget", $"{bytes} bytes", "positive");
        }
    }
}
