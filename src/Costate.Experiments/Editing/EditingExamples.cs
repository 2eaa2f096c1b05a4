using Costate.Experiments.Plots;
using Costate.Faces.Captions;
using Costate.Faces.Morphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Editing;

/// <summary>Faces in rows: as it is, as it should be, and what methods make of it at the number of steps that most have.</summary>
internal static class EditingExamples
{
    private const int Rows = 6;

    internal static byte[] Of(EditingFolder folder, IReadOnlyList<EditingResult> results)
    {
        using DisposeScope scope = NewDisposeScope();
        int steps = results.GroupBy(r => r.Steps).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).First().Key;
        EditingResult[] shown = [.. results.Where(r => r.Steps == steps)];
        EditingMethod[] methods = [.. EditingMethod.All.Where(m => shown.Any(r => r.Name == m.Id))];
        var cells = new List<CaptionedPicture>();
        foreach (IGrouping<int, EditingResult> face in shown.GroupBy(r => r.Face)
            .Where(g => g.Count() == methods.Length)
            .Take(Rows))
        {
            FaceEdit edit = EditedFaces.Edit(face.Key);
            cells.Add(new CaptionedPicture(EditedFaces.Pictures([edit], default)[0], "as it is", edit.From));
            cells.Add(new CaptionedPicture(EditedFaces.Truths([edit], default)[0], "as it should be", edit.To));
            foreach (EditingMethod method in methods)
            {
                EditingResult result = face.Single(r => r.Name == method.Id);
                byte[] png = File.ReadAllBytes(folder.PicturePath(face.Key, result.Method));
                Tensor picture = FacePicture.ReadMiddle(result.Method, png, EditedFaces.Side, EditedFaces.Side)[0];
                cells.Add(new CaptionedPicture(picture, method.Label, $"seen: {result.Seen}"));
            }
        }

        return CaptionedSheet.Png(cells, methods.Length + 2);
    }
}
