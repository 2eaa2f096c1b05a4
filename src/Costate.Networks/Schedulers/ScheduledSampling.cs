using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>What a <see cref="SchedulerConfiguration"/> makes of a number of steps: the arguments of a <see cref="Sampler"/>.</summary>
public sealed class ScheduledSampling
{
    internal ScheduledSampling(NoiseSchedule schedule, Solver solver, TimeGrid grid, double startScale = 1) =>
        (Schedule, Solver, Grid, StartScale) = (schedule, solver, grid, startScale);

    /// <summary>The schedule; that of the configuration.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>The method. It belongs to <see cref="Grid"/>; on another grid it may refuse to run.</summary>
    public Solver Solver { get; }

    /// <summary>
    /// Where it steps, with the times that the network is told. It has one step less than asked for where the scheduler repeats a
    /// noise level, at which a step moves nothing.
    /// </summary>
    public TimeGrid Grid { get; }

    /// <summary>
    /// The standard deviation of the noise that the scheduler starts from, on <see cref="Schedule"/>. It is 1 except for those that
    /// step in sigma/alpha (Euler, Heun, LMS, KDPM2), which with linspace and trailing spacing start with sigma at the grid's start, a
    /// little less.
    /// </summary>
    public double StartScale { get; }

    /// <summary>
    /// What a sample is multiplied by to be data: 1, but for networks with EDM's preconditioning, whose states are scaled with their data
    /// (nearly its deviation, sigma_data, there).
    /// </summary>
    public double SampleScale { get; internal init; } = 1;

    /// <summary>What the configuration does to predicted data; null for nothing.</summary>
    internal DataClipping? Clipping { get; init; }

    /// <summary>
    /// Of each step the weights of clipped and unclipped data, where the published sampler steps by both; null for those by the clipped
    /// alone.
    /// </summary>
    internal (double Clipped, double Plain)[]? ClippedWeights { get; init; }

    /// <summary>Of each step the weights of state and data whose sum is clipped; null for the data alone.</summary>
    internal (double State, double Data)[]? ClippedSum { get; init; }

    /// <summary>
    /// A network with its predicted data clipped, or dynamically thresholded, as the configuration asks: with it the sampler is the
    /// published one. Itself where the configuration asks for neither.
    /// </summary>
    /// <remarks>
    /// The gradient goes through the clipping: where data is cut it is 0, but for what the published sampler takes from the unclipped
    /// noise. The result is for this <see cref="Grid"/> only.
    /// </remarks>
    /// <param name="denoiser">The network, guided if it is to be.</param>
    /// <returns>A denoiser of the data, with the parameters of <paramref name="denoiser"/>.</returns>
    public Denoiser Clipped(Denoiser denoiser)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        return Clipping is null ? denoiser : denoiser.Predicting(Prediction.Data, Predicted);

        Tensor Predicted(Tensor x, double time, Tensor output)
        {
            PredictionConversion conversion =
                PredictionConversion.Checked(denoiser.Prediction, Prediction.Data, SchedulePoint.At(Schedule, time));
            Tensor data = (output * conversion.Output) + (x * conversion.State);
            int point = Enumerable.Range(0, Grid.Times.Count).MinBy(i => Math.Abs(Grid.Times[i] - time));
            int step = Math.Min(point, Grid.Steps - 1);
            (double weight, double plain) = ClippedWeights?[step] ?? (1, 0);
            Tensor clipped = ClippedSum?[step] is var (ofState, ofData)
                ? (Clipping.Apply((x * ofState) + (data * ofData)) - (x * ofState)) / ofData
                : Clipping.Apply(data);
            return (clipped * weight) + (data * plain);
        }
    }

    /// <summary>The same without its first steps, to start from a picture under less noise (SDEdit; Meng et al. 2022).</summary>
    /// <exception cref="InputException">It goes from data to noise, and never starts from noise.</exception>
    internal ScheduledSampling After(int steps) => steps == 0 ? this
        : Grid.End > Grid.Start ? throw new InputException("strength", "a part of the steps", "1 for a scheduler from data to noise")
        : new ScheduledSampling(
            Schedule, Solver.After(steps), TimeGrid.FromTimes([.. Grid.Times.Skip(steps)], [.. Grid.NetworkTimes.Skip(steps)]))
        {
            SampleScale = SampleScale,
            Clipping = Clipping,
            ClippedWeights = ClippedWeights?[steps..],
            ClippedSum = ClippedSum?[steps..],
        };

    /// <summary>The grid for a solver: a reversible one inverts best by steps that are equal in the log-SNR.</summary>
    internal TimeGrid GridFor(Solver solver) => solver.IsReversible ? Grid.InEqualLogSnr(Schedule) : Grid;

    /// <inheritdoc/>
    public override string ToString() => $"{Solver}, {Grid}, on {Schedule}";
}
