using System.Diagnostics;
using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>The loop of every training: steps, the moving average, the log, checkpoints, validation.</summary>
internal sealed class TrainingRun(TrainingTask task, TrainingSettings settings, string folder, IProgress<TrainingProgress>? progress = null)
{
    internal const string LogFile = "log.csv";
    internal const string ValidationFile = "validation.csv";

    /// <summary>Of the log; the step comes first.</summary>
    internal const int LossColumn = 2;

    private const int LoggedSteps = 20;
    private const double LargestGradient = 1;
    private const double LongestAverage = 0.999;
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan ValidationInterval = TimeSpan.FromMinutes(6);

    /// <summary>
    /// Trains to the end of the budget. Returns the weights' file; null if it was cancelled, with a checkpoint to go on from.
    /// </summary>
    internal string? Run(CancellationToken cancellationToken)
    {
        using var optimizer = new AdamW(task.Parameters.Select(p => p.Value), settings.WeightDecay);
        SortedDictionary<string, string> described = settings.Describe();
        foreach ((string name, string value) in task.Settings)
        {
            described.Add(name, value);
        }

        var checkpoint = new Checkpoint(Path.Combine(folder, Checkpoint.FileName), task, optimizer, described);
        (long step, double before) = checkpoint.Resume();
        var log = new TrainingLog(Path.Combine(folder, LogFile), ["seconds", "loss", "gradient_norm", "learning_rate"], step);
        var validation = new TrainingLog(Path.Combine(folder, ValidationFile), ["seconds", .. task.Measures], step);
        var clock = Stopwatch.StartNew();
        double Seconds() => before + clock.Elapsed.TotalSeconds;
        double start = settings.Budget.Progress(step, before);
        TimeSpan nextCheckpoint = CheckpointInterval, nextValidation = ValidationInterval;
        (double loss, double norm, int counted) = (0, 0, 0);
        progress?.Report(new TrainingProgress(step, 0, null, before));
        for (double share = start; share < 1; share = settings.Budget.Progress(step, Seconds()))
        {
            if (cancellationToken.IsCancellationRequested)
            {
                checkpoint.Write(step, Seconds());
                return null;
            }

            double rate = settings.LearningRate * Budget.LearningRateShare(share);
            (double stepLoss, double stepNorm) = Step(optimizer, step, share, rate);
            if (!double.IsFinite(stepLoss + stepNorm))
            {
                throw new InvalidDataException(
                    $"The loss is {stepLoss} and the gradient's norm {stepNorm} at step {step}; expected numbers. "
                        + "Go on from the last checkpoint with a lower learning rate in another folder.");
            }

            step++;
            (loss, norm, counted) = (loss + stepLoss, norm + stepNorm, counted + 1);
            progress?.Report(new TrainingProgress(step, (share - start) / (1 - start), loss / counted, Seconds()));
            if (step % LoggedSteps == 0)
            {
                log.Add(step, Seconds(), loss / counted, norm / counted, rate);
                (loss, norm, counted) = (0, 0, 0);
            }

            if (clock.Elapsed > nextValidation)
            {
                validation.Add(step, [Seconds(), .. task.Validate(folder, step)]);
                nextValidation = clock.Elapsed + ValidationInterval;
            }

            if (clock.Elapsed > nextCheckpoint)
            {
                checkpoint.Write(step, Seconds());
                nextCheckpoint = clock.Elapsed + CheckpointInterval;
            }
        }

        checkpoint.Write(step, Seconds());
        IReadOnlyList<double> measures = task.Validate(folder, step);
        validation.Add(step, [Seconds(), .. measures]);
        foreach ((string name, double value) in task.Measures.Zip(measures))
        {
            described.Add(name, value.ToString("G5", CultureInfo.InvariantCulture));
        }

        described.Add("steps", step.ToString(CultureInfo.InvariantCulture));
        described.Add("seconds", Seconds().ToString("0", CultureInfo.InvariantCulture));
        return task.Save(folder, described);
    }

    private (double Loss, double Norm) Step(AdamW optimizer, long step, double share, double rate)
    {
        using DisposeScope scope = NewDisposeScope();
        SigmoidConstant.MapIn(DeviceType.CPU);
        using var random = new StepRandom(settings.Seed, step + 1);
        double loss = task.Accumulate(random, share);
        double norm = optimizer.ClipGradients(LargestGradient);
        optimizer.Step(rate);
        Average(Math.Min(LongestAverage, (1.0 + step) / (10 + step)));
        return (loss, norm);
    }

    // Shorter at first, when the weights still change much.
    private void Average(double decay)
    {
        using IDisposable noGraph = no_grad();
        using Scalar kept = decay, share = 1 - decay;
        foreach (TrainedParameter parameter in task.Parameters)
        {
            using DisposeScope scope = NewDisposeScope();
            parameter.Average?.mul_(kept).add_(parameter.Value, share);
        }
    }
}
