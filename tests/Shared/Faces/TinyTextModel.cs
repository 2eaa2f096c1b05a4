using Costate.Faces.Recognition;
using Costate.Faces.Training;
using Costate.Faces.Training.TextToImage;
using Costate.Networks;
using TorchSharp;

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
            DecoderTraining = Few(recipe.DecoderTraining),
            PairTraining = Few(recipe.PairTraining),
            UnetTraining = Few(recipe.UnetTraining),
        };
    }

    internal static TextModelTraining Training(
        TemporaryFolder folder, string name = "run", TextModelRecipe? recipe = null, string? from = null) =>
        new(recipe ?? Recipe(), folder.PathTo(name), threads: 1, from);

    /// <summary>Writes the model with random weights, which it has before it is trained.</summary>
    internal static string Write(string folder)
    {
        TextModelRecipe recipe = Recipe();
        var model = new TextModelFolder(folder);
        model.Prepare();
        using var random = new StepRandom(1, 0);
        using var codec = new AutoencoderKL(recipe.Codec);
        using var text = new ClipTextModel(recipe.Text);
        using var image = new FaceRecogniser(recipe.Image);
        using var unet = new UNet2DConditionModel(recipe.Unet);
        foreach (torch.nn.Module network in (torch.nn.Module[])[codec, text, image, unet])
        {
            random.Initialise(network);
        }

        var none = new Dictionary<string, string>();
        model.WriteCodec(codec, recipe.Codec, none);
        model.WriteImage(image, none);
        model.WriteText(text, model.Tokenizer.Start, none);
        model.WriteUnet(unet, none);
        return folder;
    }
}
