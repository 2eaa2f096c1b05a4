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
        CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        var metadata = new Dictionary<string, string> { [CodecName] = digest, [DataName] = data.Selection.Description };
        if (File.Exists(path))
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            if (metadata.All(entry => file.Metadata.GetValueOrDefault(entry.Key) == entry.Value))
            {
                return new FaceLatents(file.Read(LatentsName), digest);
            }
        }

        Tensor all = Encoded(codec, data, progress, cancellationToken);
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

    private static Tensor Encoded(AutoencoderKL codec, FaceData data, IProgress<double>? progress, CancellationToken cancellationToken)
    {
        var parts = new List<Tensor>();
        for (long first = 0; first < data.Count; first += Together)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using DisposeScope part = NewDisposeScope();
            Tensor indices = arange(first, Math.Min(data.Count, first + Together), ScalarType.Int64);
            parts.Add(Encoded(codec, data.Faces(indices)).MoveToOuterDisposeScope());
            progress?.Report((double)(first + indices.shape[0]) / data.Count);
        }

        return cat(parts, 0);
    }
}
