using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Recognition;

/// <summary>Embeddings of people as they are kept.</summary>
internal sealed class RecogniserFolder(string path) : ResultFolder<EmbeddedPerson>(path, StudyName, "person")
{
    internal const string StudyName = "recognisers";

    private protected override bool HasPictures => false;
}
