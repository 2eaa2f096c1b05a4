using Costate.Faces.Captions;
using Costate.Faces.Models;
using Costate.Faces.Pictures;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training.TextToImage;

/// <summary>Draws what captions say with a model as its folder holds it, and looks whether the attribute judges see it.</summary>
/// <param name="model">The folder.</param>
/// <param name="captions">Of faces that the model is not trained on.</param>
internal sealed class TextModelPreview(TextModelFolder model, IReadOnlyList<FaceCaption> captions)
{
    private const int MaxDrawn = 32;
    private const int Columns = 8;
    private const int Steps = 20;
    private const double GuidanceScale = 3;

    /// <summary>The names of what <see cref="Write"/> measures.</summary>
    internal static IReadOnlyList<string> Measures { get; } = ["attributes_right", "prompts_right"];

    /// <summary>Writes a sheet of pictures; returns the shares of attributes, and of whole captions, that are as they were told.</summary>
    internal IReadOnlyList<double> Write(string path)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(model.FullName);
        FaceCaption[] told = [.. captions.Take(MaxDrawn)];
        Sampler sampler = pipeline.Sampler(Steps, GuidanceScale);
        Tensor noise = pipeline.DrawStart(seed: 1, TextModelRecipe.Side, TextModelRecipe.Side, told.Length);
        Tensor latents = sampler.Sample(noise, pipeline.Condition([.. told.Select(c => c.Text)]));
        Tensor pictures = cat([.. latents.split(Columns).Select(pipeline.Decode)], 0).clamp(-1, 1);
        ContactSheet.WriteFile(path, pictures, Math.Min(Columns, told.Length));

        using var embedded = new EmbeddedModel();
        IReadOnlyList<IReadOnlyDictionary<string, string>> seen = embedded.Attributes.Of(pictures);
        bool[][] right = [.. told.Zip(seen, (c, s) => c.Mentioned.Select(m => s[m.Attribute] == m.Value).ToArray())];
        return [Share(right.SelectMany(each => each)), Share(right.Select(each => each.All(r => r)))];
    }

    private static double Share(IEnumerable<bool> right) => right.Select(r => r ? 1.0 : 0).DefaultIfEmpty(1).Average();
}
