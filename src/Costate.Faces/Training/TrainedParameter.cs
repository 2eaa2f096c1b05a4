using TorchSharp.Modules;

namespace Costate.Faces.Training;

/// <summary>A parameter in training.</summary>
/// <param name="Name">Its name in checkpoints.</param>
/// <param name="Value">Itself.</param>
/// <param name="Average">Where its moving average goes; null for what the result does not contain.</param>
internal sealed record TrainedParameter(string Name, Parameter Value, Parameter? Average);
