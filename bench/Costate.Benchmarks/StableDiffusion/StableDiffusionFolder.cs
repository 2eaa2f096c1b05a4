using System.Text.Json.Nodes;
using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Benchmarks.StableDiffusion;

/// <summary>Stable Diffusion 1.5 at its full size as the Hub lays it out, with random weights of 32 bits.</summary>
internal static class StableDiffusionFolder
{
    private const string Start = "<|startoftext|>";
    private const string End = "<|endoftext|>";
    private const string WordEnd = "</w>";

    /// <summary>The files of weights in a folder.</summary>
    internal static IEnumerable<string> Weights(string folder) =>
        Directory.EnumerateFiles(folder, "*.safetensors", SearchOption.AllDirectories).Order(StringComparer.Ordinal);

    /// <summary>In a child process, which leaves no memory behind: writes all of it into a folder.</summary>
    internal static bool WriteTo(string folder) => WriteTo(folder, narrower: 1);

    /// <summary>The same with channels so many times fewer.</summary>
    internal static bool WriteTo(string folder, int narrower)
    {
        string Channels(params int[] widths) => string.Join(", ", widths.Select(width => width / narrower));
        Json(folder, "model_index.json", """
            {"_class_name": "StableDiffusionPipeline", "scheduler": ["diffusers", "PNDMScheduler"],
             "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
             "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}
            """);
        Json(folder, "scheduler/scheduler_config.json", """
            {"_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
             "num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1}
            """);
        string unet = Json(folder, "unet/config.json", $$"""
            {"_class_name": "UNet2DConditionModel", "attention_head_dim": 8, "sample_size": 64, "norm_num_groups": {{32 / narrower}},
             "block_out_channels": [{{Channels(320, 640, 1280, 1280)}}], "cross_attention_dim": {{Channels(768)}}}
            """);
        string vae = Json(folder, "vae/config.json", $$"""
            {"_class_name": "AutoencoderKL", "block_out_channels": [{{Channels(128, 256, 512, 512)}}], "layers_per_block": 2,
             "norm_num_groups": {{32 / narrower}},
             "down_block_types": ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
             "up_block_types": ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"]}
            """);
        string text = Json(folder, "text_encoder/config.json", $$"""
            {"architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "hidden_size": {{Channels(768)}},
             "intermediate_size": {{Channels(3072)}}, "num_attention_heads": 12, "num_hidden_layers": 12,
             "projection_dim": 768, "eos_token_id": 2}
            """);
        WriteTokenizer(folder);
        const string Part = "diffusion_pytorch_model.safetensors";
        WriteWeights(Path.Combine(folder, "unet", Part), () => new UNet2DConditionModel(UNet2DConditionConfig.Read(unet)));
        WriteWeights(Path.Combine(folder, "vae", Part), () => new AutoencoderKL(AutoencoderKLConfig.Read(vae)));
        WriteWeights(
            Path.Combine(folder, "text_encoder", "model.safetensors"), () => new ClipTextModel(ClipTextConfig.Read(text)));
        return true;
    }

    private static void WriteWeights(string path, Func<nn.Module> network) => RandomWeights.Write(path, network, ScalarType.Float32);

    // Every byte by itself, and at the end of a word; nothing is merged.
    private static void WriteTokenizer(string folder)
    {
        var ids = new JsonObject();
        char other = '\u0100';
        string[] bytes = [.. Enumerable.Range(0, 256).Select(value =>
            (value is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255) ? (char)value : other++).ToString())];
        foreach (string piece in (string[])[.. bytes, .. bytes.Select(piece => piece + WordEnd), Start, End])
        {
            ids.Add(piece, ids.Count);
        }

        Json(folder, "tokenizer/vocab.json", ids.ToJsonString());
        File.WriteAllText(Path.Combine(folder, "tokenizer/merges.txt"), "#version: 0.2\n");
    }

    private static string Json(string folder, string name, string json)
    {
        string path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, json);
        return path;
    }
}
