using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Costate.Faces.Captions;
using Costate.Faces.Models;
using Costate.Faces.Recognition;
using Costate.Networks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Training.TextToImage;

/// <summary>
/// The folder of a text-to-image model in Stable Diffusion's layout, in 16 bits, as <see cref="DiffusionPipeline.FromPretrained"/> reads
/// it, with the image tower of its CLIP pair beside.
/// </summary>
/// <param name="path">The folder.</param>
internal sealed class TextModelFolder(string path)
{
    /// <summary>The tokens of a text, start and end among them: more than any caption has.</summary>
    internal const int TextLength = 48;

    internal const string CodecFile = $"{CodecPart}/{DiffusionFile}";
    internal const string TextFile = $"{TextPart}/model.safetensors";
    internal const string ImageFile = TextLikeness.ImageFile;
    internal const string UnetFile = $"{UnetPart}/{DiffusionFile}";

    /// <summary>Where a codec whose decoder has learnt on says what its encoder is.</summary>
    internal const string EncoderRemark = "encoder";

    // Hardly any signal is left at the last step, so that noise to start from is what the network has seen.
    internal const string Scheduler =
        """
        {
          "_class_name": "DDIMScheduler",
          "beta_start": 0.0001,
          "beta_end": 0.02,
          "beta_schedule": "linear",
          "num_train_timesteps": 1000,
          "prediction_type": "v_prediction",
          "timestep_spacing": "trailing",
          "set_alpha_to_one": false,
          "steps_offset": 1,
          "clip_sample": false
        }

        """;

    private const string ConfigFile = "config.json";
    private const string DiffusionFile = "diffusion_pytorch_model.safetensors";
    private const string CodecPart = "vae";
    private const string TextPart = "text_encoder";
    private const string UnetPart = "unet";
    private const string TokenizerPart = "tokenizer";

    private const string Index =
        """
        {
          "_class_name": "StableDiffusionPipeline",
          "feature_extractor": [null, null],
          "safety_checker": [null, null],
          "scheduler": ["diffusers", "DDIMScheduler"],
          "text_encoder": ["transformers", "CLIPTextModel"],
          "tokenizer": ["transformers", "CLIPTokenizer"],
          "unet": ["diffusers", "UNet2DConditionModel"],
          "vae": ["diffusers", "AutoencoderKL"]
        }

        """;

    /// <summary>The folder.</summary>
    internal string FullName { get; } = Path.GetFullPath(path);

    /// <summary>Makes ids of texts.</summary>
    internal ClipTokenizer Tokenizer => ClipTokenizer.FromPretrained(PathTo(TokenizerPart));

    /// <summary>What tells the trained encoder of pictures from others, whatever its decoder has learnt since.</summary>
    internal string EncoderDigest => CodecRemark(EncoderRemark) ?? Calibration.Digest(PathTo(CodecFile));

    /// <summary>What the trained codec's file says under a name; null where it does not.</summary>
    internal string? CodecRemark(string name)
    {
        using SafetensorsFile file = SafetensorsFile.Open(PathTo(CodecFile));
        return file.Metadata.GetValueOrDefault(name);
    }

    /// <summary>Whether a part has been trained.</summary>
    internal bool Has(string file) => File.Exists(PathTo(file));

    /// <summary>The full path of one of its files.</summary>
    internal string PathTo(string file) => Path.Combine(FullName, file);

    /// <summary>Writes what is not trained here: index, scheduler and the tokenizer of captions that comes with the tool.</summary>
    internal void Prepare()
    {
        using var embedded = new EmbeddedModel();
        if (!Has("model_index.json"))
        {
            foreach (string file in (string[])[CaptionVocabulary.VocabularyFile, CaptionVocabulary.MergesFile])
            {
                Put($"{TokenizerPart}/{file}", File.ReadAllText(Path.Combine(embedded.TextFolder, TokenizerPart, file)));
            }

            Put($"{TokenizerPart}/tokenizer_config.json", Text(new JsonObject
            {
                ["tokenizer_class"] = "CLIPTokenizer",
                ["model_max_length"] = TextLength,
                ["do_lower_case"] = true,
                ["bos_token"] = CaptionVocabulary.StartToken,
                ["eos_token"] = CaptionVocabulary.EndToken,
                ["pad_token"] = CaptionVocabulary.EndToken,
                ["unk_token"] = CaptionVocabulary.EndToken,
            }));
            Put("scheduler/scheduler_config.json", Scheduler);

            // The last, so that a folder that has it has all.
            Put("model_index.json", Index);
        }
    }

    internal string WriteCodec(AutoencoderKL network, AutoencoderKLConfig config, IReadOnlyDictionary<string, string> metadata)
    {
        JsonObject json = Json(config);
        json["_class_name"] = AutoencoderKLConfig.ClassName;
        json["sample_size"] = config.SampleSize.Height;
        return Write(CodecFile, network, json, metadata);
    }

    internal string WriteText(ClipTextModel network, int start, IReadOnlyDictionary<string, string> metadata)
    {
        JsonObject json = Json(network.Config);
        json.Remove("has_projection");
        json["architectures"] = new JsonArray("CLIPTextModel");
        json["model_type"] = "clip_text_model";
        json["bos_token_id"] = start;
        json["pad_token_id"] = network.Config.EosTokenId;
        return Write(TextFile, network, json, metadata);
    }

    internal void WriteImage(FaceRecogniser network, IReadOnlyDictionary<string, string> metadata)
    {
        string file = PathTo(ImageFile);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        network.Save(file, ScalarType.Float16, metadata);
    }

    internal string WriteUnet(UNet2DConditionModel network, IReadOnlyDictionary<string, string> metadata)
    {
        JsonObject json = Json(network.Config);
        json["_class_name"] = UNet2DConditionConfig.ClassName;
        json["sample_size"] = network.Config.SampleSize?.Height;

        // diffusers takes lists of a number for each level, or a number.
        foreach (string name in (string[])
            ["only_cross_attention", "layers_per_block", "cross_attention_dim", "transformer_layers_per_block", "attention_head_dim"])
        {
            if (json[name] is JsonArray { Count: 1 } list)
            {
                json[name] = list[0]!.DeepClone();
            }
        }

        return Write(UnetFile, network, json, metadata);
    }

    /// <summary>The trained codec; its shape must be <paramref name="expected"/>. Dispose it.</summary>
    /// <exception cref="InvalidDataException">It is missing, damaged, or of another shape.</exception>
    internal AutoencoderKL OpenCodec(AutoencoderKLConfig expected)
    {
        Require(CodecFile, "codec");
        AutoencoderKL codec = AutoencoderKL.FromPretrained(PathTo(CodecPart));
        double scale = codec.Config.ScalingFactor;
        RequireShape(codec, CodecFile, Json(codec.Config), Json(expected with { ScalingFactor = scale }), "sample_size");
        return codec;
    }

    /// <summary>The trained text tower; its shape must be <paramref name="expected"/>. Dispose it.</summary>
    /// <exception cref="InvalidDataException">It is missing, damaged, or of another shape.</exception>
    internal ClipTextModel OpenText(ClipTextConfig expected)
    {
        Require(TextFile, "clip");
        ClipTextModel text = ClipTextModel.FromPretrained(PathTo(TextPart));
        RequireShape(text, TextFile, Json(text.Config), Json(expected));
        return text;
    }

    /// <summary>Makes sure that there is something to go on with.</summary>
    /// <exception cref="InvalidDataException">There is neither a codec nor a CLIP pair.</exception>
    internal void RequireTrained()
    {
        if (!Has(CodecFile) && !Has(TextFile))
        {
            throw new InvalidDataException(
                $"'{FullName}' has neither {CodecFile} nor {TextFile}; expected a model that costate train text-to-image has made.");
        }
    }

    /// <summary>Puts trained parts into another folder, as far as this one has them and that one has not.</summary>
    internal void CopyTrained(TextModelFolder to, params IEnumerable<string> parts)
    {
        // The weights after their configuration, so that a part that has them has all.
        foreach (string weights in parts.Where(file => Has(file) && !to.Has(file)))
        {
            string part = Path.GetDirectoryName(weights)!;
            Directory.CreateDirectory(to.PathTo(part));
            foreach (string file in ((string[])[Path.Combine(part, ConfigFile), weights]).Where(Has))
            {
                File.Copy(PathTo(file), to.PathTo(file), overwrite: true);
            }
        }
    }

    /// <summary>Puts the U-Net's weights into a network of its shape, and returns how many steps it was trained for.</summary>
    /// <exception cref="InvalidDataException">It is damaged, of another shape, or does not say its steps.</exception>
    internal long CopyUnet(UNet2DConditionModel network)
    {
        using UNet2DConditionModel trained = UNet2DConditionModel.FromPretrained(PathTo(UnetPart));
        RequireShape(trained, UnetFile, Json(trained.Config), Json(network.Config));
        return Copy(trained, network, UnetFile);
    }

    /// <summary>The same of both towers of the CLIP pair.</summary>
    /// <exception cref="InvalidDataException">One is damaged, of another shape, or does not say its steps.</exception>
    internal long CopyPair(ClipTextModel text, FaceRecogniser image)
    {
        using ClipTextModel trainedText = OpenText(text.Config);
        using FaceRecogniser trainedImage = FaceRecogniser.FromPretrained(PathTo(ImageFile));
        RequireShape(trainedImage, ImageFile, Json(trainedImage.Config), Json(image.Config));
        return Math.Min(Copy(trainedText, text, TextFile), Copy(trainedImage, image, ImageFile));
    }

    private static JsonObject Json<T>(T config)
    {
        JsonObject json = JsonNode.Parse(ConfigurationText.Of(config))!.AsObject();
        json.Remove("ignored_options");
        return json;
    }

    private long Copy(nn.Module trained, nn.Module to, string weights)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        foreach ((Parameter own, Parameter other) in to.parameters().Zip(trained.parameters()))
        {
            own.copy_(other);
        }

        using SafetensorsFile file = SafetensorsFile.Open(PathTo(weights));
        return long.TryParse(file.Metadata.GetValueOrDefault("steps"), CultureInfo.InvariantCulture, out long steps)
            ? steps
            : throw new InvalidDataException(
                $"'{PathTo(weights)}' does not say its steps; expected weights that costate train text-to-image has written.");
    }

    private static string Text(JsonObject json) => json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + '\n';

    private void Require(string file, string part)
    {
        if (!Has(file))
        {
            throw new InvalidDataException($"There is no '{PathTo(file)}', which the U-Net learns with. Train the part {part} first.");
        }
    }

    private void RequireShape(nn.Module network, string file, JsonObject got, JsonObject expected, params ReadOnlySpan<string> but)
    {
        foreach (string name in but)
        {
            got.Remove(name);
            expected.Remove(name);
        }

        if (!JsonNode.DeepEquals(got, expected))
        {
            network.Dispose();
            string name = expected.First(option => !JsonNode.DeepEquals(option.Value, got[option.Key])).Key;
            throw new InvalidDataException(
                $"'{PathTo(file)}' has {name} {got[name]?.ToJsonString() ?? "null"}; expected {expected[name]!.ToJsonString()}. It is of "
                    + "another training: give another folder.");
        }
    }

    private string Write(string file, nn.Module network, JsonObject json, IReadOnlyDictionary<string, string> metadata)
    {
        Put(Path.Combine(Path.GetDirectoryName(file)!, ConfigFile), Text(json));

        // The last, so that a part that has it has all.
        PretrainedNetwork.Save(network, PathTo(file), ScalarType.Float16, json.ToJsonString(), metadata);
        return PathTo(file);
    }

    private void Put(string file, string text)
    {
        string full = PathTo(file);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
