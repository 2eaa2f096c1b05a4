using Costate.Faces.Captions;
using Costate.Faces.Drawing;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Recognition;

/// <summary>
/// Sees in a face what a caption may say of it: hair, glasses, beard, skin, background, smile. One network with an output for each value of
/// each attribute. It only judges: no loss uses it.
/// </summary>
internal sealed class AttributeJudges : IDisposable
{
    /// <summary>Its file in a folder of weights.</summary>
    internal const string FileName = "attribute-judges.safetensors";

    /// <summary>Height and width of the faces, in pixels.</summary>
    internal const int Side = 128;

    /// <summary>What the file says that its outputs stand for.</summary>
    internal const string AttributesName = "attributes";

    private const int Together = 32;
    private const string Cure = "Train it anew by costate train attribute-judges.";

    private readonly FaceRecogniser network;

    private AttributeJudges(FaceRecogniser network) => this.network = network;

    /// <summary>All attributes and their values, in the order of the outputs.</summary>
    internal static string Outputs { get; } = string.Join("; ", FaceAttribute.All.Select(a => $"{a.Name}: {string.Join(", ", a.Values)}"));

    private static int Values => FaceAttribute.All.Sum(a => a.Values.Count);

    /// <summary>The network of a width.</summary>
    internal static FaceRecogniserConfig Config(int width) => new() { ImageSize = Side, Width = width, EmbeddingWidth = Values };

    /// <summary>Trained judges. Dispose them.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">Where the network is to be; null for the CPU.</param>
    /// <exception cref="InvalidDataException">The file is of another network, or of other attributes.</exception>
    /// <exception cref="SafetensorsException">The file is missing or damaged.</exception>
    internal static AttributeJudges Open(string path, Device? device = null)
    {
        using (SafetensorsFile file = SafetensorsFile.Open(path))
        {
            string? outputs = file.Metadata.GetValueOrDefault(AttributesName);
            if (outputs != Outputs)
            {
                string got = outputs is null ? "no attributes" : ErrorText.Shorten(outputs);
                throw new InvalidDataException($"'{path}' judges {got}; expected {Outputs}. {Cure}");
            }
        }

        FaceRecogniser network = FaceRecogniser.FromPretrained(path, device);
        if (network.Config.ImageSize == Side && network.Config.InChannels == 3 && network.Config.EmbeddingWidth == Values)
        {
            return new AttributeJudges(network);
        }

        network.Dispose();
        throw new InvalidDataException($"'{path}' is of another network than attribute judges are. {Cure}");
    }

    /// <summary>What is seen in each face: for each attribute one of its values.</summary>
    /// <param name="faces">Faces in -1..1, [batch, 3, 128, 128].</param>
    internal IReadOnlyList<IReadOnlyDictionary<string, string>> Of(Tensor faces)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        long[][] seen = [.. Seen(network, faces).cpu().unbind(0).Select(row => row.data<long>().ToArray())];
        return [.. seen.Select(row => FaceAttribute.All.Zip(row).ToDictionary(a => a.First.Name, a => a.First.Values[(int)a.Second]))];
    }

    /// <summary>The places of the true values, [faces, attributes]; -1 where a face has none.</summary>
    /// <param name="seeds">The faces.</param>
    /// <param name="nearest">Whether to learn from: then values between two count as the nearest, where there is one.</param>
    internal static Tensor Labels(IReadOnlyList<(ulong Identity, ulong Circumstance)> seeds, bool nearest = false)
    {
        long[] labels = [.. seeds.SelectMany(seed =>
        {
            FaceIdentity person = FaceIdentity.FromSeed(seed.Identity);
            FaceCircumstance moment = DrawnFaces.Moment(seed.Identity, seed.Circumstance);
            return FaceAttribute.All.Select(a => (long)a.IndexOf((nearest ? a.Nearest ?? a.Of : a.Of)(person, moment)));
        })];
        return tensor(labels, [seeds.Count, FaceAttribute.All.Count], device: CPU);
    }

    /// <summary>The mean over faces of the cross-entropies of all attributes that a face has.</summary>
    /// <param name="outputs">Of the network, [batch, values].</param>
    /// <param name="labels">The places of the true values, [batch, attributes].</param>
    internal static Tensor Loss(Tensor outputs, Tensor labels)
    {
        Tensor sum = zeros(1, device: outputs.device);
        foreach ((int index, Tensor logits) in Split(outputs).Index())
        {
            sum += nn.functional.cross_entropy(logits, labels.select(1, index), ignore_index: -1, reduction: nn.Reduction.Sum);
        }

        return sum.squeeze() / outputs.shape[0];
    }

    /// <summary>The share of faces in which each attribute is seen as it is, of those that have it.</summary>
    /// <param name="network">The network.</param>
    /// <param name="faces">Faces in -1..1.</param>
    /// <param name="labels">The places of the true values, [faces, attributes].</param>
    internal static IReadOnlyList<double> Accuracy(FaceRecogniser network, Tensor faces, Tensor labels)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor right = Seen(network, faces).eq(labels).to(ScalarType.Float64).sum([0]) / labels.ge(0).sum([0]).clamp(min: 1);
        return [.. right.data<double>()];
    }

    public void Dispose() => network.Dispose();

    private static Tensor Seen(FaceRecogniser network, Tensor faces) => cat(
        [.. faces.split(Together).Select(part => stack([.. Split(network.call(part)).Select(logits => logits.argmax(1))], 1))], 0);

    private static Tensor[] Split(Tensor outputs) => outputs.split([.. FaceAttribute.All.Select(a => (long)a.Values.Count)], 1);
}
