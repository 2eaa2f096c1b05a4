using TorchSharp;
using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// FlowEdit (Kulikov et al. 2024): edits with a rectified flow without an inversion. The sample moves along the difference of the
/// velocities under the condition wanted and under its own, at noisy copies of both.
/// </summary>
/// <remarks>
/// From the first time of the grid to its last: <c>z_own = (1 - t) x0 + t n</c>, <c>z_new = x + z_own - x0</c>,
/// <c>x = x + dt (u(z_new; wanted) - u(z_own; own))</c>, the mean over draws of n. Equal conditions leave the sample as it is, to the bit.
/// Where the grid starts says how much may change: at 1 all. Immutable; as thread-safe as its denoiser.
/// </remarks>
public sealed class FlowEdit
{
    private readonly Denoiser denoiser;
    private readonly TimeGrid grid;
    private readonly int draws;
    private readonly PredictionConversion[] toFlow;

    /// <summary>A way to edit.</summary>
    /// <param name="denoiser">A rectified flow's network.</param>
    /// <param name="grid">Where it steps, falling.</param>
    /// <param name="draws">Draws of noise a step, each of which takes two evaluations. The default value is 1.</param>
    /// <exception cref="InputException">The grid rises, or there are no draws.</exception>
    public FlowEdit(Denoiser denoiser, TimeGrid grid, int draws = 1)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(grid);
        if (!(grid.Start > grid.End))
        {
            throw new InputException(nameof(grid), $"{grid}", "one that falls from noise to data");
        }

        if (draws < 1)
        {
            throw new InputException(nameof(draws), $"{draws}", "at least 1");
        }

        (this.denoiser, this.grid, this.draws) = (denoiser, grid, draws);
        NoiseSchedule schedule = NoiseSchedule.RectifiedFlow();
        toFlow =
        [
            .. grid.Times.Take(grid.Steps).Select(time =>
                PredictionConversion.Checked(denoiser.Prediction, Prediction.Flow, SchedulePoint.At(schedule, time))),
        ];
    }

    /// <summary>Edits samples.</summary>
    /// <param name="x0">The samples, [batch, ...].</param>
    /// <param name="own">The condition that they were made under, or that describes them.</param>
    /// <param name="wanted">The condition that they are to be of.</param>
    /// <param name="seed">Of the noise: one seed for the batch, or one for each item. The default value is 0.</param>
    /// <param name="progress">Told after each step.</param>
    /// <param name="cancellationToken">Looked at before each step.</param>
    /// <returns>The edited samples, in the shape and dtype of <paramref name="x0"/>.</returns>
    /// <exception cref="ArgumentException">An input has the wrong shape or dtype, or is not finite.</exception>
    /// <exception cref="InvalidOperationException">The network returned NaN or infinity; the message names the step.</exception>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public Tensor Edit(
        Tensor x0,
        Condition? own,
        Condition? wanted,
        NoiseSeeds seed = default,
        IProgress<StepProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(x0);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Finite.CheckInput(x0, nameof(x0));
        seed.Check(nameof(seed), x0.shape[0]);
        var noise = new PerStepNoise(seed);
        Tensor source = x0.ToWorkingPrecision(), x = source.clone();
        var outputs = new OutputChecks();
        return outputs.During(() =>
        {
            for (int i = 0; i < grid.Steps; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using DisposeScope inner = NewDisposeScope();
                double step = (grid.Times[i + 1] - grid.Times[i]) / draws;
                Tensor change = zeros_like(x, requires_grad: false);
                for (int draw = 0; draw < draws; draw++)
                {
                    Tensor n = noise.Draw((i * draws) + draw, x.shape, x.dtype, x.device);
                    Tensor noisy = source.Times(1 - grid.Times[i]).AddTimes(n, grid.Times[i]);
                    change.AddTimes(Velocity(outputs, i, x + noisy - source, wanted), step)
                        .AddTimes(Velocity(outputs, i, noisy, own), -step);
                }

                x.add_(change);
                progress?.Report(new StepProgress(SamplingPhase.Sampling, i + 1, grid.Steps, grid.Times[i + 1]));
            }

            return x.to(x0.dtype).MoveToOuterDisposeScope();
        });
    }

    private Tensor Velocity(OutputChecks outputs, int step, Tensor x, Condition? z)
    {
        Tensor output = denoiser.Call(x, grid.Times[step], grid.NetworkTimes[step], denoiser.Beside(z, x.shape[0]), x.dtype);
        outputs.Check(denoiser, output, new EvaluationPoint(grid.Times[step], grid.NetworkTimes[step], step), 0);
        Tensor velocity = output.Times(toFlow[step].Output);
        return toFlow[step].State == 0 ? velocity : velocity.AddTimes(x, toFlow[step].State);
    }
}
