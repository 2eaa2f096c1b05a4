using Costate.Cli.Evaluation;

namespace Costate.Cli.Guidance;

/// <summary>Guided faces as they are kept.</summary>
internal sealed class StudyFolder(string path) : ResultFolder<StudyResult>(path, StudyName, "face")
{
    internal const string StudyName = "guidance";
}
