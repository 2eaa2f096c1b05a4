namespace Costate.Networks;

/// <summary>
/// The networks in a single file of Stable Diffusion 1, 2, XL or its refiner, each under the names of its layout in diffusers or
/// transformers.
/// </summary>
/// <remarks>
/// Nothing is read but names and shapes. What a part's layout does not have is left under its old name, so that loading reports it.
/// Buffers of the training schedule, the loss networks and the averaged weights are in no part.
/// </remarks>
internal sealed class OriginalCheckpoint
{
    private const string UnetPrefix = "model.diffusion_model.";
    private const string VaePrefix = "first_stage_model.";
    private const string AveragedPrefix = "model_ema.";

    private readonly WeightSource source;
    private readonly (string Prefix, bool OpenClip)[] encoders;

    private OriginalCheckpoint(WeightSource source, OriginalFamily family, params (string Prefix, bool OpenClip)[] encoders) =>
        (this.source, Family, this.encoders) = (source, family, encoders);

    internal OriginalFamily Family { get; }

    /// <summary>The number of text encoders: one, or two for SDXL.</summary>
    internal int TextEncoders => encoders.Length;

    /// <summary>The names that the folders of its networks have.</summary>
    internal IReadOnlyList<string> Parts => [PartName.Unet, PartName.Vae, .. Texts];

    /// <summary>The channels of the U-Net's input: 4, or 9 for inpainting, 8 for editing by instruction.</summary>
    internal long InputChannels => source.Info(UnetPrefix + "input_blocks.0.0.weight").Shape[1];

    /// <summary>The channels of the U-Net's first level.</summary>
    internal long FirstChannels => source.Info(UnetPrefix + "input_blocks.0.0.weight").Shape[0];

    /// <summary>Whether the file holds averaged weights beside the plain ones.</summary>
    internal bool HasAverages => source.Names.Any(name => name.StartsWith(AveragedPrefix + "diffusion_model", StringComparison.Ordinal));

    /// <exception cref="InvalidDataException">The names are of no such file; the message says what they look like.</exception>
    internal static OriginalCheckpoint Of(WeightSource source)
    {
        IReadOnlyList<string> names = source.Names;
        bool Has(string prefix) => names.Any(name => name.StartsWith(prefix, StringComparison.Ordinal));
        if (FileKinds.Part(names) is { } part)
        {
            throw new InvalidDataException($"'{source.Path}' is {part}; expected a whole model. Give the model's own file.");
        }

        if (!Has(UnetPrefix + "input_blocks.0.0.") || !names.Contains(UnetPrefix + "input_blocks.0.0.weight"))
        {
            string what = Has(UnetPrefix + "joint_blocks.") ? "Stable Diffusion 3" : Has("double_blocks.")
                || Has(UnetPrefix + "double_blocks.") ? "Flux" : "another network";
            throw new InvalidDataException(
                $"'{source.Path}' holds no U-Net in the original layout ({UnetPrefix}input_blocks...), by its names {what}; expected a "
                    + "single file of Stable Diffusion 1, 2 or XL. Use the model's folder instead.");
        }

        if (!Has(VaePrefix))
        {
            throw new InvalidDataException(
                $"'{source.Path}' holds a U-Net but no autoencoder ({VaePrefix}...); expected a whole model. Give the file of the whole "
                    + "model.");
        }

        const string Xl = "conditioner.embedders.";
        const string First = "cond_stage_model.";
        return
            Has(Xl + "1.model.") ? new(source, OriginalFamily.StableDiffusionXl, (Xl + "0.transformer.", false), (Xl + "1.model.", true))
            : Has(Xl + "0.model.") ? new(source, OriginalFamily.StableDiffusionXlRefiner, (Xl + "0.model.", true))
            : Has(First + "model.") ? new(source, OriginalFamily.StableDiffusion2, (First + "model.", true))
            : Has(First + "transformer.") ? new(source, OriginalFamily.StableDiffusion1, (First + "transformer.", false))
            : throw new InvalidDataException(
                $"'{source.Path}' holds a U-Net but no text encoder under a known name; expected {First}transformer, {First}model or "
                    + $"{Xl}0. Give the file of the whole model.");
    }

    /// <summary>The U-Net, as UNet2DConditionModel.</summary>
    /// <param name="averaged">Take the averages over training (EMA) in place of the plain weights.</param>
    internal WeightSource Unet(bool averaged = false)
    {
        string[] names = Under(UnetPrefix);
        OriginalUnet layout = OriginalUnet.Of(names);
        HashSet<string> all = new(source.Names, StringComparer.Ordinal);
        return Part(names, name => layout.Rename(name) is { } renamed ? [(renamed, TensorChange.None)] : null, name =>
        {
            // An average is named after the key without "model." and with its dots left out.
            string stored = averaged ? AveragedPrefix + (UnetPrefix["model.".Length..] + name)
                .Replace(".", "", StringComparison.Ordinal) : UnetPrefix + name;
            return !averaged || all.Contains(stored)
                ? stored
                : throw new InvalidDataException(
                    $"'{source.Path}' has no average (EMA) of {ErrorText.Quote(UnetPrefix + name)}; expected {ErrorText.Quote(stored)}. "
                        + "Take the plain weights.");
        });
    }

    /// <summary>The autoencoder, as AutoencoderKL.</summary>
    internal WeightSource Vae()
    {
        string[] names =
            [.. Under(VaePrefix)
                .Where(name =>
                    !name.StartsWith("loss.", StringComparison.Ordinal) && !name.StartsWith("model_ema.", StringComparison.Ordinal))];
        OriginalVae layout = OriginalVae.Of(names);
        return Part(names, name => layout.Rename(name) is { } renamed ? [renamed] : null, name => VaePrefix + name);
    }

    /// <summary>A text encoder, as CLIPTextModel, with the projection where the family uses it.</summary>
    /// <param name="index">0, or 1 for the second.</param>
    internal WeightSource TextEncoder(int index = 0)
    {
        (string prefix, bool openClip) = encoders[index];
        string[] names = [.. Under(prefix).Where(name => !name.EndsWith("position_ids", StringComparison.Ordinal))];
        if (!openClip)
        {
            const string Model = "text_model.";
            return Part(names, name =>
                [(name.StartsWith(Model, StringComparison.Ordinal) ? name : Model + name, TensorChange.None)], name => prefix + name);
        }

        bool two = Family == OriginalFamily.StableDiffusion2;
        OriginalOpenClip layout = OriginalOpenClip.Of(names, skipped: two ? 1 : 0, projects: !two);
        return Part(names, layout.Rename, name => prefix + name);
    }

    /// <summary>A network by the name of its folder.</summary>
    internal WeightSource Part(string part) => part switch
    {
        PartName.Unet => Unet(),
        PartName.Vae => Vae(),
        _ when Array.IndexOf(Texts, part) is >= 0 and var index => TextEncoder(index),
        _ => throw new InvalidDataException(
            $"'{source.Path}' is of {Family}, which has no {ErrorText.Quote(part)}: give the folder of such a model."),
    };

    /// <summary>The shape of a text encoder's table, [tokens, channels].</summary>
    /// <param name="index">0, or 1 for the second.</param>
    internal IReadOnlyList<long> TokenTable(int index) => TextEncoder(index).Info("text_model.embeddings.token_embedding.weight").Shape;

    // The refiner has SDXL's second alone.
    private string[] Texts => Family == OriginalFamily.StableDiffusionXlRefiner ? [PartName.Text2]
        : ((string[])[PartName.Text, PartName.Text2])[..encoders.Length];

    private string[] Under(string prefix) =>
        [.. source.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => name[prefix.Length..])];

    private RenamedWeights Part(string[] names, Func<string, IReadOnlyList<(string Name, TensorChange Change)>?> rename, Func<string,
        string> stored)
    {
        var parts = new Dictionary<string, (string Stored, TensorChange Change)>(StringComparer.Ordinal);
        foreach (string name in names)
        {
            foreach ((string renamed, TensorChange change) in rename(name) ?? [(name, TensorChange.None)])
            {
                if (!parts.TryAdd(renamed, (stored(name), change)))
                {
                    throw new InvalidDataException(
                        $"'{source.Path}' holds {ErrorText.Quote(renamed)} under two names; expected one. The file is damaged.");
                }
            }
        }

        return new RenamedWeights(source, parts);
    }
}
