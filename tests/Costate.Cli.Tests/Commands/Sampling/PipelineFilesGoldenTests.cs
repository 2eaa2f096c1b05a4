using System.Text.Json;
using Costate.Faces.Morphs;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Sampling;

/// <summary>What people have and type, right and wrong, where the model is the folder of a pipeline.</summary>
public sealed class PipelineFilesGoldenTests
{
    private const string Text = "a photograph of a horse";

    [Fact]
    public void TargetOfALoss_IsAPicture()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = Goldens.PathTo("pipelines", "sd1");
        using (DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(path))
        {
            (int height, int width) = pipeline.PictureSize;
            SafetensorsFile.Write(folder.PathTo("target.safetensors"), new Dictionary<string, Tensor> { ["x"] = zeros(1, 3, height, width) });
            SafetensorsFile.Write(folder.PathTo("latent.safetensors"), new Dictionary<string, Tensor> { ["x"] = zeros(1, 4, height / 8, width / 8) });
        }

        string[] gradient = ["gradient", "--model", path, "--prompt", Text, "--steps", "2", "--output", folder.PathTo("out"), "--loss"];
        double mean = Loss("mean-square");
        Assert.Equal(mean, Loss($"mse:{folder.PathTo("target.safetensors")}"), 1e-6 * mean);
        Tool.Fails(1, [.. gradient, $"mse:{folder.PathTo("latent.safetensors")}"], "Got a target of shape [1, 4,", "for samples of shape [1, 3,");

        double Loss(string loss) =>
            JsonDocument.Parse(Tool.Done([.. gradient, loss, "--json"]).Output).RootElement.GetProperty("loss")[0].GetDouble();
    }

    [Fact]
    public void Interpolation_BeginsAndEndsWithItsLatents()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = Goldens.PathTo("pipelines", "sd1");
        foreach (string seed in new[] { "1", "2" })
        {
            Tool.Done("sample", "--model", path, "--prompt", Text, "--steps", "2", "--seed", seed, "--output", folder.PathTo(seed));
        }

        string[] ends = [$"{folder.PathTo("1", "sample.safetensors")}:sample", $"{folder.PathTo("2", "sample.safetensors")}:sample"];
        Tool.Done(["interpolate", .. ends, "--model", path, "--prompt", Text, "--guidance-scale", "1", "--solver", "rex:euler", "--steps", "3", "--count", "3", "--output", folder.PathTo("out")]);
        using SafetensorsFile first = SafetensorsFile.Open(folder.PathTo("1", "sample.safetensors"));
        using SafetensorsFile last = SafetensorsFile.Open(folder.PathTo("2", "sample.safetensors"));
        using SafetensorsFile between = SafetensorsFile.Open(folder.PathTo("out", "interpolation.safetensors"));
        Tensor drawn = between.Read("sample");
        Near.Equal(first.Read("sample")[0], drawn[0], 1e-5);
        Near.Equal(last.Read("sample")[0], drawn[2], 1e-5);
        Assert.False(drawn[1].allclose(drawn[0]));
        Assert.True(File.Exists(folder.PathTo("out", "interpolation-3.png")));
    }

    [Fact]
    public void Prediction_ThatTheFolderDoesNotTell_IsAskedFor()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = Copy("sd2-v", folder.PathTo("model"));
        string file = Path.Combine(path, "scheduler", "scheduler_config.json");
        string text = File.ReadAllText(file);
        Assert.Contains("\"v_prediction\"", text, StringComparison.Ordinal);
        string[] sample = ["sample", "--model", path, "--prompt", Text, "--steps", "2", "--output"];
        Tool.Done([.. sample, folder.PathTo("told")]);
        File.WriteAllText(file, text.Replace("\"v_prediction\"", "\"v\"", StringComparison.Ordinal));
        Tool.Fails(2, [.. sample, folder.PathTo("none")], "Got nothing for --prediction", "noise, data or velocity", "scheduler_config.json");
        Assert.Contains("prediction", Tool.Run("model", path).Output, StringComparison.Ordinal);
        Assert.Equal(1, Tool.Run("model", path).ExitCode);
        Tool.Done([.. sample, folder.PathTo("given"), "--prediction", "velocity"]);
        Tool.Done([.. sample, folder.PathTo("noise"), "--prediction", "noise"]);
        Assert.Equal(Sample("told"), Sample("given"));
        Assert.NotEqual(Sample("told"), Sample("noise"));

        // A latent remembers it.
        string latent = $"{folder.PathTo("told", "sample.safetensors")}:sample";
        Tool.Done("invert", latent, "--model", path, "--prompt", Text, "--guidance-scale", "2", "--prediction", "velocity", "--solver", "rex:euler", "--steps", "3", "--output", folder.PathTo("latent"));
        Tool.Done("decode", folder.PathTo("latent", "latent.safetensors"), "--model", path, "--output", folder.PathTo("back"));
        Assert.Equal(Sample("told"), Sample("back"));

        float[] Sample(string name)
        {
            using SafetensorsFile read = SafetensorsFile.Open(folder.PathTo(name, "sample.safetensors"));
            return [.. read.Read("sample").data<float>()];
        }
    }

    [Fact]
    public void WhatPeopleHave_IsNamed()
    {
        using var folder = new TemporaryFolder();
        string path = Copy("sd1", folder.PathTo("model"));
        string single = Goldens.PathTo("pipelines", "sd1", "single-file", "model.ckpt");
        string[] rest = ["--prompt", Text, "--steps", "2", "--output", folder.PathTo("out")];
        string[] sample = ["sample", "--model", path, .. rest];

        // Of a single file alone the family says the rest, in the sizes that were published; beside a folder it is what the folder is.
        Tool.Fails(1, ["sample", "--model", single, .. rest], "sizes that were not published", "give the folder");
        string second = SparseCheckpoint.Write(folder.PathTo("sd2.safetensors"), "sd2");
        Tool.Fails(2, ["sample", "--model", second, .. rest], "Got nothing for --prediction", "noise or velocity", "768 pixels");
        Tool.Fails(1, ["sample", "--model", second, "--prediction", "noise", .. rest], "sd2.safetensors", "text_model.encoder.layers.0");
        ToolRun described = Tool.Run("model", SparseCheckpoint.Write(folder.PathTo("sdxl.safetensors"), "sdxl"));
        Assert.Contains("StableDiffusionXl, a single file", described.Output, StringComparison.Ordinal);
        Assert.Contains("EulerDiscreteScheduler, the network predicts noise", described.Output, StringComparison.Ordinal);
        Assert.Contains("text_encoder_2", described.Output, StringComparison.Ordinal);
        Tool.Done([.. sample, "--weights", single]);
        Tool.Fails(1, [.. sample, "--weights", "none.ckpt"], "--weights none.ckpt", "no such file");
        Tool.Fails(1, [.. sample, "--weights", path], "--weights", "no such file");

        // Texts that are none.
        File.WriteAllBytes(folder.PathTo("prompts.txt"), [0x68, 0xff, 0xfe, 0x0a]);
        string[] list = ["--model", path, "--prompts", folder.PathTo("prompts.txt"), "--steps", "2", "--output", folder.PathTo("out")];
        Tool.Fails(1, ["sample", .. list], "prompts.txt", "no UTF-8");
        Tool.Fails(2, ["sample", "--model", path, "--prompt", "a \ufffd", "--output", folder.PathTo("out")], "--prompt", "no text in UTF-8");
        Tool.Fails(2, [.. sample, "--negative", "blurry", "--guidance-scale", "1"], "--negative with --guidance-scale 1");

        Tool.Done([.. sample, "--device", "cpu"]);
        Tool.Fails(2, [.. sample, "--device", "cuda:0"], "cuda:0 for --device", "must be cpu", "torch for processors");
        Tool.Fails(2, [.. sample, "--device", "tpu"], "tpu for --device", "cuda:N");
        Tool.Fails(2, [.. sample, "--tile-size", "33"], "33 for --tile-size", "multiple of");

        foreach (string part in new[] { "unet", "vae", "text_encoder", "tokenizer", "scheduler" })
        {
            Directory.Move(Path.Combine(path, part), folder.PathTo("away"));
            Tool.Fails(1, sample, $"no folder '{Path.Combine(path, part)}'", "Fetch it too");
            Directory.Move(folder.PathTo("away"), Path.Combine(path, part));
        }

        string index = Path.Combine(path, "model_index.json");
        File.WriteAllText(index, File.ReadAllText(index).Replace("StableDiffusionPipeline", "KolorsPipeline", StringComparison.Ordinal));
        ToolRun run = Tool.Fails(1, sample, "KolorsPipeline", "not supported");
        Assert.DoesNotContain("error in costate itself", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Mask_IsForANetworkOfNineChannels()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string plain = Goldens.PathTo("pipelines", "sd1"), path = Copy("sd1", folder.PathTo("model"));
        string config = Path.Combine(path, "unet", "config.json"), index = Path.Combine(path, "model_index.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"in_channels\": 4", "\"in_channels\": 9", StringComparison.Ordinal));
        string inpainting = File.ReadAllText(index)
            .Replace("\"StableDiffusionPipeline", "\"StableDiffusionInpaintPipeline", StringComparison.Ordinal);
        File.WriteAllText(index, inpainting);
        string weights = Path.Combine(path, "unet", "diffusion_pytorch_model.safetensors");
        Dictionary<string, Tensor> tensors;
        using (SafetensorsFile file = SafetensorsFile.Open(weights))
        {
            tensors = file.ReadAll().ToDictionary();
        }

        Tensor first = tensors["conv_in.weight"];
        tensors["conv_in.weight"] = cat([first, StartNoise.Draw([first.shape[0], 5, 3, 3], 1)], 1);
        File.Delete(weights);
        SafetensorsFile.Write(weights, tensors);
        string picture = Pictures.Write(folder.PathTo("picture.png"), 64, 64);

        // White is kept: the left half.
        string mask = Pictures.Write(
            folder.PathTo("mask.png"), 64, 64, (x, _) => x < 32 ? SkiaSharp.SKColors.White : SkiaSharp.SKColors.Black);
        string[] sample = ["sample", "--model", path, "--prompt", Text, "--steps", "2", "--guidance-scale", "3", "--seed", "4"];
        Tool.Done([.. sample, "--image", picture, "--mask", mask, "--output", folder.PathTo("out")]);
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(path);
        Tensor image = FacePicture.ReadMiddle(picture, File.ReadAllBytes(picture), 64, 64), anew = zeros(1, 1, 64, 64);
        anew[.., .., .., 32..].fill_(1);
        Condition hidden = pipeline.Inpainting(pipeline.Condition(Text), image, anew);
        Tensor expected = pipeline.Sampler(2, 3).Sample(pipeline.DrawStart(4, 64, 64), hidden);
        using (SafetensorsFile file = SafetensorsFile.Open(folder.PathTo("out", "sample.safetensors")))
        {
            Near.Equal(expected, file.Read("sample"), 1e-5);
        }

        // What is kept changes the picture, and other networks take no mask.
        Tool.Fails(2, [.. sample, "--output", folder.PathTo("no")], "\"mask\"");
        string[] masked =
        [
            "sample", "--model", plain, "--prompt", Text, "--steps", "2", "--image", picture, "--mask", mask, "--output", folder.PathTo("no"),
        ];
        Tool.Fails(1, masked, "no mask");
    }

    private static string Copy(string name, string to)
    {
        string from = Goldens.PathTo("pipelines", name);
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return to;
    }
}
