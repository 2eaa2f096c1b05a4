using Costate.Faces.Training;
using Costate.Faces.Training.TextToImage;

namespace Costate.Testing;

/// <summary>A training of a text-to-image model that takes seconds.</summary>
internal static class TinyTextModel
{
    internal const int Steps = 4;

    /// <summary>The recipe of the check, for so many steps and on fewer faces.</summary>
    internal static TextModelRecipe Recipe(long steps = Steps)
    {
        var recipe = TextModelRecipe.Check();
        TrainingDefaults Few(TrainingDefaults part) => part with
        {
            Steps = steps,
            Batch = 4,
            MicroBatch = 2,
            Faces = part.Faces with { Identities = 3 },
        };
        return recipe with
        {
            CodecTraining = Few(recipe.CodecTraining),
            PairTraining = Few(recipe.PairTraining),
            UnetTraining = Few(recipe.UnetTraining),
        };
    }

    internal static TextModelTraining Training(
        TemporaryFolder folder, string name = "run", TextModelRecipe? recipe = null, string? from = null) =>
        new(recipe ?? Recipe(), folder.PathTo(name), threads: 1, from);
}
