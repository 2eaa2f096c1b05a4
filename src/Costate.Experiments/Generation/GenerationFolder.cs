using Costate.Experiments.Evaluation;

namespace Costate.Experiments.Generation;

/// <summary>Pictures of prompts as they are kept.</summary>
internal sealed class GenerationFolder(string path) : ResultFolder<GeneratedPicture>(path, StudyName, "prompt")
{
    internal const string StudyName = "generation";
}
