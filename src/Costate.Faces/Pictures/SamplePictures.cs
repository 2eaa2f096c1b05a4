using Costate.Faces.Files;
using static TorchSharp.torch;

namespace Costate.Faces.Pictures;

/// <summary>
/// Samples of an image shape as PNG files, each pixel by pixel in a file of its own; where there is more than one picture to look at, a
/// sheet of them all besides.
/// </summary>
internal sealed class SamplePictures
{
    private const string SheetName = "sheet";

    private readonly ContactSheet? sheet;
    private readonly string[] names;

    private SamplePictures(string[] names, ContactSheet? sheet) => (this.names, this.sheet) = (names, sheet);

    /// <summary>The names of the files, in order.</summary>
    internal IReadOnlyList<string> Names => [.. names, .. sheet?.Names ?? []];

    /// <summary>The pictures of samples of a shape; null where they are no images: [batch, 1 or 3, height, width].</summary>
    /// <param name="shape">[batch, ...].</param>
    /// <param name="name">What the files are called, without their ending; of several, a number follows.</param>
    /// <param name="onSheet">How many pictures the sheet has, and how many in a row; those of the samples, in about as many rows, if
    /// null.</param>
    internal static SamplePictures? For(long[] shape, string name = "sample", (int Pictures, int Columns)? onSheet = null)
    {
        long pictures = onSheet?.Pictures ?? shape[0];
        if (ContactSheet.For([pictures, .. shape.Skip(1)], SheetName, onSheet?.Columns) is not ContactSheet sheet)
        {
            return null;
        }

        int digits = $"{shape[0]}".Length;
        string[] names =
            shape[0] == 1 ? [$"{name}.png"] : [.. Enumerable.Range(1, (int)shape[0]).Select(i => $"{name}-{i.ToString($"D{digits}")}.png")];
        return new SamplePictures(names, pictures > 1 ? sheet : null);
    }

    /// <summary>Writes all files.</summary>
    /// <param name="samples">[batch, ...].</param>
    /// <param name="folder">Where to.</param>
    /// <param name="cancellationToken">Looked at for each picture.</param>
    /// <param name="onSheet">What the sheet shows, [pictures, ...]; the samples if null.</param>
    /// <param name="remark">How they were made, which becomes a part of each file of a sample.</param>
    internal void Write(
        Tensor samples, OutputFolder folder, CancellationToken cancellationToken, Tensor? onSheet = null, string? remark = null)
    {
        using IDisposable noGraph = no_grad();
        foreach ((int i, string name) in names.Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            File.WriteAllBytes(folder.Stage(name), PictureFile.Png(samples[i].detach().cpu(), remark));
        }

        sheet?.Write(onSheet ?? samples, folder.Stage);
    }
}
