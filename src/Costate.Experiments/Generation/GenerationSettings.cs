using Costate.Faces.Machines;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Experiments.Generation;

/// <summary>What all prompts of an evaluation of generation have in common.</summary>
/// <param name="Steps">Steps of the model's scheduler.</param>
internal sealed record GenerationSettings(int Steps)
{
    internal const int DefaultPrompts = 500;
    internal const int DefaultSteps = 20;
    internal const string DefaultScales = "1,2,3,4,6";

    /// <summary>By name. Runs with equal ones may go on in one folder and be merged.</summary>
    /// <param name="model">The text-to-image model's weights, as a fingerprint says them.</param>
    /// <param name="device">Where it computes; of a kind, sums are in the same order.</param>
    internal SortedDictionary<string, Setting> Describe(string model, Device device) => Setting.Named(
    [
        ("steps", Steps), ("model", model), ("device", ComputeDevice.KindOf(device)),
    ]);
}
