using Costate.Faces.Recognition;
using Costate.Networks;

namespace Costate.Faces.Models;

/// <summary>A model of faces under their codes, the recogniser that guides it, and those that judge the result. Owns them.</summary>
internal sealed record FaceModel : IDisposable
{
    /// <summary>Draws faces, and finds their codes.</summary>
    internal required Model Model { get; init; }

    /// <summary>The recogniser of losses.</summary>
    internal required Recogniser Attack { get; init; }

    /// <summary>Recognisers that no loss ever sees.</summary>
    internal required IReadOnlyList<Recogniser> Judges { get; init; }

    /// <summary>A recogniser that is used nowhere else, to choose people who look alike; null where there is none.</summary>
    internal Recogniser? PairChooser { get; init; }

    /// <summary>Height and width of the faces, in pixels.</summary>
    internal int Side => (int)Model.Shape![1];

    /// <summary>The networks of a folder, or those that the tool came with.</summary>
    /// <exception cref="InvalidDataException">A file is missing, damaged, of another network, or not calibrated.</exception>
    internal static FaceModel Embedded(string? folder)
    {
        var networks = new EmbeddedModel(folder);
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

    public void Dispose() => Model.Dispose();

    private static Recogniser Of(EmbeddedRecogniser recogniser) => new(recogniser.Name, recogniser.Network.Embed, recogniser.Threshold);
}
