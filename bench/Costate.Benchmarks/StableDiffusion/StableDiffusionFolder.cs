using System.Text.Json.Nodes;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Benchmarks.StableDiffusion;

/// <summary>A folder of Stable Diffusion 1.5 at its full size as the Hub lays it out, with random weights; deleted when it is
/// disposed.</summary>
internal sealed class StableDiffusionFolder : IDisposable
{
    private const string Start = "<|startoftext|>";
    private const string End = "<|endoftext|>";
    private const string WordEnd = "</w>";

    private StableDiffusionFolder(string path) => Path = path;

    internal string Path { get; }

    /// <summary>The files of weights.</summary>
    internal static IEnumerable<string> Weights(string folder) =>
        Directory.EnumerateFiles(folder, "*.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal);

    internal static StableDiffusionFolder Write(ScalarType dtype)
    {
        var folder = new StableDiffusionFolder(Directory.CreateTempSubdirectory("costate-sd-").FullName);
        try
        {
            folder.WriteParts(dtype);
            return folder;
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private void WriteParts(ScalarType dtype)
    {
        Json("model_index.json", """
            {"_class_name": "StableDiffusionPipeline", "scheduler": ["diffusers", "PNDMScheduler"],
             "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
             "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}
            """);
        Json("scheduler/scheduler_config.json", """
            {"_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
             "num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1}
            """);
        string unet = Json("unet/config.json", """
            {"_class_name": "UNet2DConditionModel", "attention_head_dim": 8, "block_out_channels": [320, 640, 1280, 1280],
             "cross_attention_dim": 768}
            """);
        string vae = Json("vae/config.json", """
            {"_class_name": "AutoencoderKL", "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2,
             "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
             "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]}
            """);
        string text = Json("text_encoder/config.json", """
            {"architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "hidden_size": 768, "intermediate_size": 3072,
             "num_attention_heads": 12, "num_hidden_layers": 12, "projection_dim": 768, "eos_token_id": 2}
            """);
        WriteTokenizer();
        RandomWeights.Write(
            PathTo("unet/diffusion_pytorch_model.safetensors"), () => new UNet2DConditionModel(UNet2DConditionConfig.Read(unet)), dtype);
        RandomWeights.Write(
            PathTo("vae/diffusion_pytorch_model.safetensors"), () => new AutoencoderKL(AutoencoderKLConfig.Read(vae)), dtype);
        RandomWeights.Write(PathTo("text_encoder/model.safetensors"), () => new ClipTextModel(ClipTextConfig.Read(text)), dtype);
    }

    // Every byte by itself, and at the end of a word; nothing is merged.
    private void WriteTokenizer()
    {
        var ids = new JsonObject();
        char other = '\u0100';
        string[] bytes = [.. Enumerable.Range(0, 256).Select(value =>
            (value is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255) ? (char)value : other++).ToString())];
        foreach (string piece in (string[])[.. bytes, .. bytes.Select(piece => piece + WordEnd), Start, End])
        {
            ids.Add(piece, ids.Count);
        }

        Json("tokenizer/vocab.json", ids.ToJsonString());
        File.WriteAllText(PathTo("tokenizer/merges.txt"), "#version: 0.2\n");
    }

    private string Json(string name, string json)
    {
        string path = PathTo(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, json);
        return path;
    }

    private string PathTo(string name) => System.IO.Path.Combine(Path, name);
}
