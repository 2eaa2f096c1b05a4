using Costate.Cli.Commands.Sampling;
using Costate.Cli.Files;
using Costate.Faces.Guidance;
using static TorchSharp.torch;

namespace Costate.Cli.Commands.Guide;

/// <summary>A denoiser of the user's for guidance.</summary>
/// <param name="Path">A TorchScript file.</param>
/// <param name="Schedule">As <c>--schedule</c> names it.</param>
/// <param name="Prediction">What it predicts.</param>
/// <param name="TimeScale">Of the times it is told.</param>
/// <param name="TrainingTimesteps">In their place, steps.</param>
/// <param name="Condition">A tensor in a file, or null.</param>
internal sealed record UserModel(
    string Path,
    string Schedule,
    Prediction Prediction,
    double? TimeScale,
    int? TrainingTimesteps,
    string? Condition)
{
    /// <summary>Loads it; tensors go to the caller's scope.</summary>
    /// <exception cref="CommandException">A file is missing or does not fit.</exception>
    /// <exception cref="UsageException">The schedule is none.</exception>
    internal GuideModel Load(InputFiles files)
    {
        SamplingPlan plan = PlanOf(2);
        TorchScript network = TorchScript.Load("--model", Path, ScalarType.Float32);
        try
        {
            return new GuideModel([network])
            {
                Source = Path,
                Denoiser = Denoiser.FromFunction(
                    (x, t, z) => z is null ? network.Call(x, t) : network.Call(x, t, z),
                    Prediction,
                    plan.TimeScale,
                    TrainingTimesteps,
                    parameters: []),
                Schedule = plan.Schedule,
                GridOf = steps => PlanOf(steps).Grid,
                StartScale = plan.StartScale,
                Condition = Condition is null
                    ? null
                    : TensorFile.ForBatch("--condition", TensorFile.Read(files, "--condition", Condition, ScalarType.Float32), 1),
            };
        }
        catch (ArgumentException e)
        {
            network.Dispose();
            throw new UsageException(FailureText.Of(e));
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    private SamplingPlan PlanOf(int steps) =>
        SamplingPlan.FromNames(Schedule, Prediction, solver: null, grid: null, steps, start: null, end: null, TimeScale, TrainingTimesteps);
}
