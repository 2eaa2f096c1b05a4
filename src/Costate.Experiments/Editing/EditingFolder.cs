using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Editing;

/// <summary>Edited faces as they are kept.</summary>
internal sealed class EditingFolder(string path) : ResultFolder<EditingResult>(path, StudyName, "face")
{
    internal const string StudyName = "editing";
}
