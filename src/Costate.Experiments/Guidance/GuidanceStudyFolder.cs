using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Guidance;

/// <summary>Guided faces as they are kept.</summary>
internal sealed class GuidanceStudyFolder(string path) : ResultFolder<GuidanceStudyResult>(path, StudyName, "face")
{
    internal const string StudyName = "guidance";
}
