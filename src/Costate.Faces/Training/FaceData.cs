using System.Globalization;
using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training;

/// <summary>The drawn faces that a network is trained on: so many circumstances of each of so many identities, kept in a file.</summary>
internal sealed class FaceData : IDisposable
{
    internal const string FileName = "faces.safetensors";
    internal const int Size = EmbeddedModel.Side;

    private const string FacesName = "faces";
    private const int PerPiece = 64;

    private readonly Tensor faces;

    private FaceData(Tensor faces, FaceSelection selection) => (this.faces, Selection) = (faces.DetachFromDisposeScope(), selection);

    /// <summary>Which faces they are.</summary>
    internal FaceSelection Selection { get; }

    internal int Identities => Selection.Identities;

    internal long Count => faces.shape[0];

    /// <summary>Reads the file; draws it first where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="selection">Which faces.</param>
    /// <param name="threads">That draw.</param>
    /// <param name="progress">Told the share drawn.</param>
    /// <param name="cancellationToken">Looked at between faces.</param>
    /// <exception cref="InvalidDataException">The file holds other faces.</exception>
    internal static FaceData Open(
        string path,
        FaceSelection selection,
        int threads,
        IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        if (File.Exists(path))
        {
            return Read(path, selection);
        }

        Tensor drawn = Drawn(selection, threads, progress, cancellationToken);
        var metadata = new Dictionary<string, string>
        {
            ["identities"] = Text(selection.Identities),
            ["circumstances"] = Text(selection.Circumstances),
        };
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        SafetensorsFile.Write(path, new Dictionary<string, Tensor> { [FacesName] = drawn }, metadata, cancellationToken: cancellationToken);
        return new FaceData(drawn, selection);
    }

    /// <summary>Faces in -1..1, [batch, 3, size, size].</summary>
    internal Tensor Faces(Tensor indices) => InRange(faces.index_select(0, indices));

    /// <summary>Who they are.</summary>
    internal Tensor Labels(Tensor indices)
    {
        using Scalar divisor = Selection.Circumstances;
        return indices.floor_divide(divisor);
    }

    /// <summary>Faces that nothing is trained on, in -1..1, one identity after the other.</summary>
    internal static Tensor HeldOut(int identities, int circumstances, ulong first = DrawnFaces.FirstHeldOut) =>
        HeldOut(new FaceSelection { Identities = identities, Circumstances = circumstances }, first);

    /// <summary>Faces that nothing is trained on, in -1..1, one identity after the other.</summary>
    internal static Tensor HeldOut(FaceSelection selection, ulong first)
    {
        using Tensor drawn = DrawnFaces.Batch(selection.Seeds(first), selection.Size);
        return InRange(drawn);
    }

    public void Dispose() => faces.Dispose();

    private static Tensor InRange(Tensor bytes)
    {
        using Scalar half = 127.5, one = 1;
        return bytes.to(ScalarType.Float32).div_(half).sub_(one);
    }

    private static FaceData Read(string path, FaceSelection selection)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (
            file.Metadata.GetValueOrDefault("identities") != Text(selection.Identities)
            || file.Metadata.GetValueOrDefault("circumstances") != Text(selection.Circumstances))
        {
            throw new InvalidDataException(
                $"Got {selection.Identities} identities in {selection.Circumstances} circumstances; '{path}' holds "
                    + $"{file.Metadata.GetValueOrDefault("identities")} in {file.Metadata.GetValueOrDefault("circumstances")}. "
                    + "Give these numbers, or another file of faces.");
        }

        Tensor faces = file.Read(FacesName);
        using Tensor last = DrawnFaces.Batch(
            (selection with { Identities = 1 }).Seeds((ulong)selection.Identities - 1)[^1..],
            selection.Size);
        return faces.shape[^1] == selection.Size && faces[^1].unsqueeze(0).Equals(last)
            ? new FaceData(faces, selection)
            : throw new InvalidDataException(
                $"The faces in '{path}' are others, or were drawn by another version of this program. Delete the file, or give another.");
    }

    private static Tensor Drawn(FaceSelection selection, int threads, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        int size = selection.Size;
        AvailableMemory.Require(
            "identities",
            $"{selection.Identities} in {selection.Circumstances} circumstances each",
            (double)selection.Identities * selection.Circumstances * 3 * size * size,
            "Draw fewer people, or fewer portraits of each.");
        (ulong, ulong)[] seeds = selection.Seeds();
        Tensor all = empty([seeds.Length, 3, size, size], ScalarType.Byte);
        int done = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
        Parallel.For(0, (seeds.Length + PerPiece - 1) / PerPiece, options, piece =>
        {
            using DisposeScope scope = NewDisposeScope();
            (ulong, ulong)[] part = seeds[(piece * PerPiece)..Math.Min(seeds.Length, (piece + 1) * PerPiece)];
            all.narrow(0, piece * PerPiece, part.Length).copy_(DrawnFaces.Batch(part, size, cancellationToken));
            lock (options)
            {
                progress?.Report((double)(done += part.Length) / seeds.Length);
            }
        });
        return all;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
