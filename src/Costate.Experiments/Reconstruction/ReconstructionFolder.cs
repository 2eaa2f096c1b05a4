using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Reconstruction;

/// <summary>Faces that came back from the autoencoder, as they are kept.</summary>
internal sealed class ReconstructionFolder(string path) : ResultFolder<ReconstructedFace>(path, StudyName, "face")
{
    internal const string StudyName = "autoencoder";
}
