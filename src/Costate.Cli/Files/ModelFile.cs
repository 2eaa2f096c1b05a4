using Costate.Faces.Files;
using Costate.Faces.Sampling;
using Costate.Networks;
using TorchSharp;

namespace Costate.Cli.Files;

/// <summary>A TorchScript denoiser of the user's as a model.</summary>
internal static class ModelFile
{
    /// <summary>Loads it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="plan">How it was trained.</param>
    /// <param name="dtype">What it computes in.</param>
    /// <param name="device">Where it computes.</param>
    /// <param name="grid">A grid of so many steps; that of the plan has its own.</param>
    /// <exception cref="UsageException">The plan's numbers fit no network.</exception>
    /// <exception cref="InvalidDataException">There is no such file, or it is no TorchScript.</exception>
    internal static Model Open(
        string path, SamplingPlan plan, torch.ScalarType dtype, torch.Device device, Func<int, TimeGrid>? grid = null)
    {
        TorchScript script = TorchScript.Load("--model", path, dtype, device);
        try
        {
            Denoiser denoiser = Denoiser.FromFunction(
                (x, t, z) => z is null ? script.Call(x, t) : script.Call(x, t, z),
                plan.Prediction,
                plan.TimeScale,
                plan.TrainingTimesteps,
                parameters: []);
            return new Model(path, denoiser.WithFingerprint(script.Weights), plan.Schedule, script)
            {
                Grid = grid ?? (_ => plan.Grid),
                StartScale = plan.StartScale,
                Device = device,
            };
        }
        catch (ArgumentException e)
        {
            script.Dispose();
            throw new UsageException(FailureText.Of(e));
        }
        catch
        {
            script.Dispose();
            throw;
        }
    }
}
