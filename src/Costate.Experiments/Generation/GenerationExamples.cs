using Costate.Experiments.Plots;
using Costate.Faces.Morphs;
using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Generation;

/// <summary>Pictures of prompts that have been kept.</summary>
internal static class GenerationExamples
{
    private const int Columns = 8;

    /// <summary>The first prompts that have all pictures: real drawings, then a row for each scale.</summary>
    internal static byte[] Sheet(GenerationFolder folder, IReadOnlyList<GeneratedPicture> pictures)
    {
        using DisposeScope scope = NewDisposeScope();
        GeneratedPicture[] shown = [.. pictures.Where(p => p.Method != GeneratedPicture.Other)];
        int sources = shown.Select(p => p.Method).Distinct().Count();
        int[] prompts = [.. shown.GroupBy(p => p.Prompt).Where(g => g.Count() == sources).Select(g => g.Key).Order().Take(Columns)];
        CaptionedPicture[] cells =
        [
            .. from source in shown.GroupBy(p => p.Method)
               orderby source.First().GuidanceScale ?? double.MinValue
               from prompt in prompts
               let picture = source.Single(p => p.Prompt == prompt)
               select new CaptionedPicture(
                   Read(folder, picture)[0],
                   source.Key == GeneratedPicture.Drawing ? $"prompt {prompt + 1}" : source.Key,
                   Seen(picture)),
        ];
        return CaptionedSheet.Png(cells, prompts.Length);
    }

    /// <summary>Features of pictures, [pictures, width].</summary>
    internal static Tensor Embedded(GenerationFolder folder, IReadOnlyList<GeneratedPicture> pictures, FaceRecogniser recogniser)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor all = cat([.. pictures.Select(picture => Read(folder, picture))], 0);

        // It takes faces of half the side.
        return recogniser.Embed(nn.functional.avg_pool2d(all, 2)).MoveToOuterDisposeScope();
    }

    private static Tensor Read(GenerationFolder folder, GeneratedPicture picture)
    {
        string path = folder.PicturePath(picture.Prompt, picture.Method);
        try
        {
            return FacePicture.ReadMiddle(path, File.ReadAllBytes(path), AttributeJudges.Side, AttributeJudges.Side);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new InvalidDataException($"{e.Message} Remove '{Path.ChangeExtension(path, ".json")}' to make it anew.", e);
        }
    }

    private static string Seen(GeneratedPicture picture)
    {
        int right = picture.Mentioned.Count(m => picture.Seen.GetValueOrDefault(m.Key) == m.Value);
        return $"{right} of {picture.Mentioned.Count} right";
    }
}
