using Costate.Faces.Models;
using Costate.Faces.Training.TextToImage;

namespace Costate.Faces.Training;

/// <summary>Trains small networks for a few steps on a few faces, to see that every part of the embedded models still learns.</summary>
internal static class TrainingCheck
{
    /// <summary>Trains them in a folder that is removed again, with one thread.</summary>
    /// <param name="holder">What takes the folder, to be named to others who want it.</param>
    /// <param name="progress">Told of each part.</param>
    /// <param name="cancellationToken">Looked at before each step.</param>
    /// <returns>What each part has learnt.</returns>
    internal static IReadOnlyList<LearningCheck> Run(
        string holder, IProgress<StageProgress>? progress, CancellationToken cancellationToken)
    {
        string folder = Directory.CreateTempSubdirectory("costate-check-").FullName;
        try
        {
            var run = new RecipeRun(TrainingRecipe.Check(), folder, threads: 1, holder, progress);
            run.Run(cancellationToken);
            var text = new TextModelTraining(TextModelRecipe.Check(), Path.Combine(folder, "text-to-image"), threads: 1);
            text.Run(only: null, holder, progress, cancellationToken);

            // What was written can be read again, with its thresholds.
            using (var model = new EmbeddedModel(run.Weights))
            {
                _ = (model.Autoencoder, model.Attack, model.Judges, model.Pairs, model.Attributes);
            }

            return [.. run.Checks(), .. text.Checks()];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
