using Costate.Faces.Drawing;
using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Models;

/// <summary>All recognisers of a folder of weights, without thresholds. Owns them.</summary>
internal sealed class RecogniserSet : IDisposable
{
    private readonly List<FaceRecogniser> networks = [];
    private readonly Device device;

    /// <summary>Reads them.</summary>
    /// <param name="folder">Of weights.</param>
    /// <param name="device">Where they are to be.</param>
    /// <exception cref="InvalidDataException">Weights are missing, damaged, or of other networks.</exception>
    internal RecogniserSet(string folder, Device device)
    {
        this.device = device;
        try
        {
            foreach (string name in EmbeddedRecogniser.AllNames)
            {
                networks.Add(EmbeddedModel.OpenRecogniser(Path.Combine(folder, EmbeddedRecogniser.FileOf(name)), device));
            }

            All = [.. EmbeddedRecogniser.AllNames.Zip(networks, (name, network) => TrainedRecogniser.Of(name, folder, network.Config))];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What they are, in the order of <see cref="EmbeddedRecogniser.AllNames"/>.</summary>
    internal IReadOnlyList<TrainedRecogniser> All { get; } = [];

    /// <summary>Where they are.</summary>
    internal Device Device => device;

    /// <summary>The embeddings of faces by each, [faces, width], on the CPU in the caller's scope. Each face is drawn once.</summary>
    internal IReadOnlyList<Tensor> Embed(
        IReadOnlyList<(ulong Identity, ulong Circumstance)> faces, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        Tensor drawn = EvaluationFaces.Stack(faces, EmbeddedModel.Side, device, cancellationToken);
        return [.. networks.Select(network => network.Embed(drawn).cpu().MoveToOuterDisposeScope())];
    }

    public void Dispose() => networks.ForEach(network => network.Dispose());
}
