using Costate.Faces.Models;
using static TorchSharp.torch;

namespace Costate.Faces.Morphs;

/// <summary>What morphs faces: a diffusion autoencoder, the recogniser that guides it, and those that judge the result.</summary>
internal sealed class MorphModel(IReadOnlyList<IDisposable> networks) : IDisposable
{
    /// <summary>Where its weights come from.</summary>
    internal required string Source { get; init; }

    /// <summary>Height and width of the faces, in pixels.</summary>
    internal required int Side { get; init; }

    /// <summary>Predicts noise under a semantic code.</summary>
    internal required Denoiser Denoiser { get; init; }

    /// <summary>What it was trained on.</summary>
    internal required NoiseSchedule Schedule { get; init; }

    /// <summary>The semantic codes of faces.</summary>
    internal required Func<Tensor, Tensor> Encode { get; init; }

    /// <summary>The recogniser of the loss.</summary>
    internal required MorphRecogniser Attack { get; init; }

    /// <summary>Recognisers that the optimisation never sees.</summary>
    internal required IReadOnlyList<MorphRecogniser> Judges { get; init; }

    /// <summary>A recogniser that is used nowhere else, to choose people who look alike; null where there is none.</summary>
    internal MorphRecogniser? PairChooser { get; init; }

    /// <summary>The networks of a folder, or those that the tool came with.</summary>
    /// <exception cref="InvalidDataException">A file is missing, damaged, of another network, or not calibrated.</exception>
    internal static MorphModel Embedded(string? folder)
    {
        var model = new EmbeddedModel(folder);
        try
        {
            return new MorphModel([model])
            {
                Source = folder is null ? "embedded" : model.Folder,
                Side = model.Autoencoder.Config.ImageSize,
                Denoiser = model.Denoiser,
                Schedule = model.Schedule,
                Encode = model.Autoencoder.Encode,
                Attack = Recogniser(model.Attack),
                Judges = [.. model.Judges.Select(Recogniser)],
                PairChooser = Recogniser(model.Pairs),
            };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (IDisposable network in networks)
        {
            network.Dispose();
        }
    }

    private static MorphRecogniser Recogniser(EmbeddedRecogniser recogniser) =>
        new(recogniser.Name, recogniser.Network.Embed, recogniser.Threshold);
}
