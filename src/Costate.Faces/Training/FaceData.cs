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

    private FaceData(Tensor faces, int identities, int circumstances) =>
        (this.faces, Identities, Circumstances) = (faces.DetachFromDisposeScope(), identities, circumstances);

    internal int Identities { get; }

    internal int Circumstances { get; }

    internal long Count => faces.shape[0];

    /// <summary>Reads the file; draws it first where there is none.</summary>
    /// <exception cref="InvalidDataException">The file holds other faces.</exception>
    internal static FaceData Open(
        string path,
        int identities,
        int circumstances,
        int threads,
        IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        if (File.Exists(path))
        {
            return Read(path, identities, circumstances);
        }

        Tensor drawn = Drawn(identities, circumstances, threads, progress, cancellationToken);
        var metadata = new Dictionary<string, string> { ["identities"] = Text(identities), ["circumstances"] = Text(circumstances) };
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        SafetensorsFile.Write(path, new Dictionary<string, Tensor> { [FacesName] = drawn }, metadata, cancellationToken: cancellationToken);
        return new FaceData(drawn, identities, circumstances);
    }

    /// <summary>Faces in -1..1, [batch, 3, size, size].</summary>
    internal Tensor Faces(Tensor indices) => InRange(faces.index_select(0, indices));

    /// <summary>Who they are.</summary>
    internal Tensor Labels(Tensor indices)
    {
        using Scalar divisor = Circumstances;
        return indices.floor_divide(divisor);
    }

    /// <summary>Faces that nothing is trained on, in -1..1, one identity after the other.</summary>
    internal static Tensor HeldOut(int identities, int circumstances, ulong first = DrawnFaces.FirstHeldOut)
    {
        using Tensor drawn = DrawnFaces.Batch(Seeds(first, identities, circumstances), Size);
        return InRange(drawn);
    }

    public void Dispose() => faces.Dispose();

    private static Tensor InRange(Tensor bytes)
    {
        using Scalar half = 127.5, one = 1;
        return bytes.to(ScalarType.Float32).div_(half).sub_(one);
    }

    private static FaceData Read(string path, int identities, int circumstances)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (
            file.Metadata.GetValueOrDefault("identities") != Text(identities)
            || file.Metadata.GetValueOrDefault("circumstances") != Text(circumstances))
        {
            throw new InvalidDataException(
                $"Got {identities} identities in {circumstances} circumstances; '{path}' holds "
                    + $"{file.Metadata.GetValueOrDefault("identities")} in {file.Metadata.GetValueOrDefault("circumstances")}. "
                    + "Give these numbers, or another file of faces.");
        }

        Tensor faces = file.Read(FacesName);
        using Tensor last = DrawnFaces.Batch([((ulong)identities - 1, (ulong)circumstances - 1)], Size);
        return faces[^1].unsqueeze(0).Equals(last)
            ? new FaceData(faces, identities, circumstances)
            : throw new InvalidDataException(
                $"The faces in '{path}' were drawn by another version of this program. Delete the file, or give another.");
    }

    private static Tensor Drawn(
        int identities,
        int circumstances,
        int threads,
        IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        AvailableMemory.Require(
            "identities",
            $"{identities} in {circumstances} circumstances each",
            (double)identities * circumstances * 3 * Size * Size,
            "Draw fewer people, or fewer portraits of each.");
        (ulong, ulong)[] seeds = Seeds(0, identities, circumstances);
        Tensor all = empty([seeds.Length, 3, Size, Size], ScalarType.Byte);
        int done = 0;
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
        Parallel.For(0, (seeds.Length + PerPiece - 1) / PerPiece, options, piece =>
        {
            using DisposeScope scope = NewDisposeScope();
            (ulong, ulong)[] part = seeds[(piece * PerPiece)..Math.Min(seeds.Length, (piece + 1) * PerPiece)];
            all.narrow(0, piece * PerPiece, part.Length).copy_(DrawnFaces.Batch(part, Size, cancellationToken));
            lock (options)
            {
                progress?.Report((double)(done += part.Length) / seeds.Length);
            }
        });
        return all;
    }

    private static (ulong Identity, ulong Circumstance)[] Seeds(ulong first, int identities, int circumstances) =>
    [
        .. from identity in Enumerable.Range(0, identities)
           from circumstance in Enumerable.Range(0, circumstances)
           select (first + (ulong)identity, (ulong)circumstance)
    ];

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
