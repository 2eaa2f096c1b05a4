using Costate.Cli.Models;

namespace Costate.Cli.Morphs;

/// <summary>The embedded networks as morphing and guidance use them.</summary>
internal static class EmbeddedMorphs
{
    /// <summary>Loads them from a folder; those that the tool came with if null.</summary>
    /// <exception cref="CommandException">A file is missing, damaged or of another network.</exception>
    internal static MorphModel Load(string? folder)
    {
        var model = new EmbeddedModel(folder);
        try
        {
            return new MorphModel([model])
            {
                Source = folder ?? "embedded",
                Side = model.Autoencoder.Config.ImageSize,
                Denoiser = model.Denoiser,
                Schedule = model.Schedule,
                Encode = model.Autoencoder.Encode,
                Attack = Of(model.Attack),
                Judges = [.. model.Judges.Select(Of)],
                PairChooser = Of(model.Pairs),
            };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    private static MorphRecogniser Of(EmbeddedRecogniser recogniser) => new(recogniser.Name, recogniser.Network.Embed, recogniser.Threshold);
}
