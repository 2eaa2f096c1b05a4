using Costate.Faces.Machines;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Experiments.Editing;

/// <summary>What all faces and methods of an evaluation of editing have in common.</summary>
/// <param name="GuidanceScale">Of classifier-free guidance in inversion, and in decoding under the same text.</param>
/// <param name="EditScale">In decoding under another text.</param>
internal sealed record EditingSettings(double GuidanceScale, double EditScale)
{
    internal const int DefaultFaces = 200;
    internal const string DefaultSteps = "10,20,50";

    /// <summary>As one does with real models to invert them: stronger guidance leads inversion away from noise.</summary>
    internal const double DefaultScale = 1;

    internal const double DefaultEditScale = 1;

    /// <summary>By name. Runs with equal ones may go on in one folder and be merged.</summary>
    /// <param name="model">The text-to-image model's weights, as a fingerprint says them.</param>
    /// <param name="device">Where it computes; of a kind, sums are in the same order.</param>
    internal SortedDictionary<string, Setting> Describe(string model, Device device) => Setting.Named(
    [
        ("guidanceScale", GuidanceScale), ("editScale", EditScale), ("model", model),
        ("device", ComputeDevice.KindOf(device)),
    ]);
}
