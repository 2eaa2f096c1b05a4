using Costate.Faces.Recognition;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Faces.Models;

/// <summary>A model of drawn faces under their codes, the recogniser that guides it, and those that judge the result. Owns them.</summary>
public sealed record FaceModel : IDisposable
{
    /// <summary>Draws faces, and finds their codes.</summary>
    public required Model Model { get; init; }

    /// <summary>The recogniser of losses.</summary>
    public required Recogniser Attack { get; init; }

    /// <summary>Recognisers that no loss ever sees.</summary>
    public required IReadOnlyList<Recogniser> Judges { get; init; }

    /// <summary>A recogniser that is used nowhere else, to choose people who look alike; null where there is none.</summary>
    public Recogniser? PairChooser { get; init; }

    /// <summary>Height and width of the faces, in pixels.</summary>
    public int Side => (int)Model.Shape![1];

    /// <summary>Where its networks are, and what they are given must be.</summary>
    public Device Device => Model.Device;

    /// <summary>The networks of a folder, or those that come with the package: all are read.</summary>
    /// <param name="folder">Where the weights are, as <c>costate train all</c> writes them. The default value is null: those of the
    /// package.</param>
    /// <param name="device">Where the networks are to be. The default is the CPU.</param>
    /// <exception cref="InvalidDataException">A file is missing, damaged, of another network, or not calibrated.</exception>
    public static FaceModel Embedded(string? folder = null, Device? device = null)
    {
        var networks = new EmbeddedModel(folder, device);
        try
        {
            return new FaceModel
            {
                Model = networks.ToModel(),
                Attack = Of(networks.Attack),
                Judges = [.. networks.Judges.Select(Of)],
                PairChooser = Of(networks.Pairs),
            };
        }
        catch
        {
            networks.Dispose();
            throw;
        }
    }

    /// <summary>Disposes its networks.</summary>
    public void Dispose() => Model.Dispose();

    private static Recogniser Of(EmbeddedRecogniser recogniser) => new(recogniser.Name, recogniser.Network.Embed, recogniser.Threshold);
}
