using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Training.TextToImage;

/// <summary>The latents of the drawn faces in the scale of diffusion, encoded once and kept in a file.</summary>
internal sealed class FaceLatents : IDisposable
{
    private const string LatentsName = "latents";
    private const string CodecName = "codec";
    private const string DataName = "data";
    private const int Together = 8;

    private readonly Tensor latents;

    private FaceLatents(Tensor latents, string codec) => (this.latents, Codec) = (latents.DetachFromDisposeScope(), codec);

    /// <summary>What tells the encoder that they are of from others.</summary>
    internal string Codec { get; }

    internal long Count => latents.shape[0];

    /// <summary>Their height and width.</summary>
    internal long Side => latents.shape[^1];

    /// <summary>Reads the file; encodes the faces first where there is none of this codec and these faces.</summary>
    /// <param name="path">The file.</param>
    /// <param name="codec">Encodes.</param>
    /// <param name="digest">What tells its encoder from others.</param>
    /// <param name="data">The faces.</param>
    /// <param name="progress">Told the share that is encoded.</param>
    /// <param name="cancellationToken">Looked at between faces.</param>
    internal static FaceLatents Open(
        string path,
        AutoencoderKL codec,
        string digest,
        FaceData data,
        IProgress<double>? progress,
        CancellationToken cancellationToken) =>
        Open(path, codec, digest, data.Selection.Description, data.Count, data.Faces, progress, cancellationToken);

    /// <summary>The same of faces that are in no file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="codec">Encodes.</param>
    /// <param name="digest">What tells its encoder from others.</param>
    /// <param name="description">What tells the faces from others.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="faces">Those at some places, in -1..1.</param>
    /// <param name="progress">Told the share that is encoded.</param>
    /// <param name="cancellationToken">Looked at between faces.</param>
    internal static FaceLatents Open(
        string path,
        AutoencoderKL codec,
        string digest,
        string description,
        long count,
        Func<Tensor, Tensor> faces,
        IProgress<double>? progress,
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        var metadata = new Dictionary<string, string> { [CodecName] = digest, [DataName] = description };
        if (File.Exists(path))
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            if (metadata.All(entry => file.Metadata.GetValueOrDefault(entry.Key) == entry.Value))
            {
                return new FaceLatents(file.Read(LatentsName), digest);
            }
        }

        Tensor all = Encoded(codec, count, faces, progress, cancellationToken);
        SafetensorsFile.Write(path, new Dictionary<string, Tensor> { [LatentsName] = all }, metadata, cancellationToken: cancellationToken);
        return new FaceLatents(all, digest);
    }

    /// <summary>[batch, channels, height, width].</summary>
    internal Tensor Of(Tensor indices) => latents.index_select(0, indices);

    public void Dispose() => latents.Dispose();

    /// <summary>The latents of faces, in the scale of diffusion.</summary>
    internal static Tensor Encoded(AutoencoderKL codec, Tensor faces)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        return codec.Normalize(codec.Encode(faces).Mean).MoveToOuterDisposeScope();
    }

    private static Tensor Encoded(
        AutoencoderKL codec, long count, Func<Tensor, Tensor> faces, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var parts = new List<Tensor>();
        for (long first = 0; first < count; first += Together)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope part = NewDisposeScope();
            Tensor indices = arange(first, Math.Min(count, first + Together), ScalarType.Int64);
            parts.Add(Encoded(codec, faces(indices)).MoveToOuterDisposeScope());
            progress?.Report((double)(first + indices.shape[0]) / count);
        }

        return cat(parts, 0);
    }
}
