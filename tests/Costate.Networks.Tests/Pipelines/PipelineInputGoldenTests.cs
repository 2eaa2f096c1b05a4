using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>What is refused of what a pipeline is given.</summary>
public sealed class PipelineInputGoldenTests : PipelineCopy
{
    [Fact]
    public void WhatIsGiven_IsChecked()
    {
        using var scope = NewDisposeScope();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Folder.FullName);
        string longText = "cat";
        while (pipeline.Tokenizer!.Encode(longText).Count <= pipeline.Tokenizer.Length)
        {
            longText += " cat";
        }

        longText += " dog";
        Assert.Contains("dog", Refuses("prompt", () => pipeline.Condition(longText)), StringComparison.Ordinal);
        Assert.Equal(77, pipeline.Condition(longText, truncate: true)["text"].shape[1]);
        Refuses("prompts", () => pipeline.Condition(Array.Empty<string>()));
        Refuses("clipSkip", () => pipeline.Condition("a", pipeline.TextEncoder!.Config.NumHiddenLayers));
        Refuses("clipSkip", () => pipeline.Condition("a", -1));
        Refuses("guidanceScale", () => pipeline.Guided(double.NaN));
        Refuses("guidanceScale", () => pipeline.Guided(1, "ugly"));
        Assert.Same(pipeline.Denoiser, pipeline.Guided(1));
        Refuses("sizes", () => pipeline.Condition("a", sizes: new PictureSizes((64, 64), (64, 64))));
        Refuses("steps", () => pipeline.Sampler(0));
        Refuses("strength", () => pipeline.Sampler(4, strength: 0));
        Refuses("strength", () => pipeline.Sampler(4, strength: 0.2));
        Refuses("strength", () => pipeline.Sampler(4, strength: 1.1));
        Refuses("strength", () => pipeline.Sampler(4, strength: double.NaN));
        Assert.Contains("no mask", Assert.Throws<InvalidOperationException>(
            () => pipeline.Inpainting(pipeline.Condition("a"), zeros(1, 3, 64, 64), zeros(1, 1, 64, 64))).Message,
            StringComparison.Ordinal);
        Refuses("height", () => pipeline.DrawStart(1, 60, 64));
        Refuses("width", () => pipeline.DrawStart(1, 64, 0));
        Refuses("batch", () => pipeline.DrawStart(1, 64, 64, 0));
        Assert.Contains("60 x 64", Refuses("image", () => pipeline.Encode(zeros(1, 3, 60, 64))), StringComparison.Ordinal);
        Refuses("image", () => pipeline.Encode(zeros(1, 4, 64, 64)));
        Refuses("image", () => pipeline.Encode(zeros(3, 64, 64)));
        Refuses("image", () => pipeline.Encode(zeros([1, 3, 64, 64], ScalarType.Byte)));
        Refuses("latent", () => pipeline.Decode(zeros(1, 3, 8, 8)));
        Refuses("latent", () => pipeline.Decode(zeros([1, 4, 8, 8], ScalarType.Int64)));
        Refuses("dtype", () => DiffusionPipeline.FromPretrained(Folder.FullName, ScalarType.Int64));
        Refuses("variant", () => DiffusionPipeline.FromPretrained(Folder.FullName, variant: "fp16", weights: "model.ckpt"));
        Assert.ThrowsAny<Exception>(() => pipeline.Sampler(2).Sample(pipeline.DrawStart(1, 64, 64, 2), pipeline.Condition("a")));
    }

    [Fact]
    public void SingleFile_IsAWholeModel()
    {
        string part = Directory.GetFiles(Folder.PathTo("unet"), "*.safetensors")[0];
        string message = Assert.Throws<InvalidDataException>(() => DiffusionPipeline.FromPretrained(part)).Message;
        Assert.Contains("no U-Net in the original layout", message, StringComparison.Ordinal);
        foreach (string single in Directory.GetFiles(Path.Combine(GoldenPipeline.Folders.First(), "single-file")))
        {
            message = Assert.Throws<InvalidDataException>(() => DiffusionPipeline.FromPretrained(single)).Message;
            Assert.Contains("sizes that were not published", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Prediction_ThatTheFolderDoesNotSay_IsGiven()
    {
        using DiffusionPipeline velocity = DiffusionPipeline.FromPretrained(Folder.FullName, prediction: Prediction.Velocity);
        Assert.Equal((Prediction.Velocity, Prediction.Velocity), (velocity.Scheduler.Prediction, velocity.Denoiser.Prediction));
        Assert.Contains("Velocity", Refuses("prediction",
            () => DiffusionPipeline.FromPretrained(Folder.FullName, prediction: Prediction.Score)), StringComparison.Ordinal);
    }

    [Fact]
    public void TextsOfOddCharacters_AreRead()
    {
        using var scope = NewDisposeScope();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Folder.FullName);
        string[] texts = ["", "\0\u0001\u001f", "\ud800", "\udc00 cat", "\ufffe\uffff", "🐈 猫 кот", "<|endoftext|>"];
        foreach (string text in texts)
        {
            Assert.True(pipeline.Condition(text, truncate: true)["text"].isfinite().all().ToBoolean(), text);
        }
    }

    [Fact]
    public void AutoencoderThatExceeds16Bits_SaysWhatToDo()
    {
        using var scope = NewDisposeScope();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Folder.FullName, ScalarType.Float16);
        Tensor latent = full([1, 4, 8, 8], 5e4f);
        Assert.Contains("bfloat16 or float32", Assert.Throws<InvalidOperationException>(() => pipeline.Decode(latent)).Message,
            StringComparison.Ordinal);
        Assert.Contains("NaN", $"{pipeline.Decode(latent * float.NaN).sum().item<float>()}", StringComparison.Ordinal);
    }

    [Fact]
    public void NetworkForInpainting_TakesThePictureAndItsMask()
    {
        using var scope = NewDisposeScope();
        string weights = Folder.PathTo("unet", "diffusion_pytorch_model.safetensors");
        Dictionary<string, Tensor> tensors;
        using (SafetensorsFile file = SafetensorsFile.Open(weights))
        {
            tensors = file.ReadAll().ToDictionary();
        }

        Tensor plain = tensors["conv_in.weight"];
        tensors["conv_in.weight"] = cat([plain, StartNoise.Draw([plain.shape[0], 5, 3, 3], 1)], 1);
        File.Delete(weights);
        SafetensorsFile.Write(weights, tensors);
        Change("unet/config.json", config => config["in_channels"] = 9);
        Change("model_index.json", index => index["_class_name"] = "StableDiffusionInpaintPipeline");
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Folder.FullName);
        Tensor image = StartNoise.Draw([1, 3, 64, 48], 2).tanh(), mask = zeros(1, 1, 64, 48);
        mask[.., .., ..32].fill_(0.7f);
        Condition text = pipeline.Condition("a cat"), condition = pipeline.Inpainting(text, image, mask);

        Assert.Equal([1, 1, 8, 6], condition["mask"].shape);
        Assert.Equal([1f, 0f], [condition["mask"][0, 0, 3, 0].item<float>(), condition["mask"][0, 0, 4, 5].item<float>()]);
        Assert.Equal(0, (condition["masked"] - pipeline.Encode(image * mask.lt(0.5))).abs().max().item<float>());
        Tensor start = pipeline.DrawStart(1, 64, 48), time = full([1], 300f);
        var network = (UNet2DConditionModel)pipeline.Network;
        Tensor direct = network.call(cat([start, condition["mask"], condition["masked"]], 1), time, text["text"]);
        Assert.Equal(0, (direct - pipeline.Denoiser.Call(start, 0.301, condition)).abs().max().item<float>());

        // Guidance leads away from the text alone, and gradients reach what is kept.
        SampleGradient gradient = pipeline.Sampler(2, 3).Gradient(start, condition, x => x.square().sum([1, 2, 3]));
        Assert.True(gradient.Conditions["masked"].abs().max().item<float>() > 0);
        Assert.Contains("\"mask\"", Assert.ThrowsAny<Exception>(() => pipeline.Sampler(2).Sample(start, text)).ToString(),
            StringComparison.Ordinal);
        Refuses("mask", () => pipeline.Inpainting(text, image, zeros(1, 1, 32, 48)));
        Refuses("image", () => pipeline.Inpainting(text, image[.., ..1], mask));
    }

    [Fact]
    public void ModelOfTwoTexts_KeepsItsAutoencoderIn32Bits()
    {
        using var scope = NewDisposeScope();
        string golden = GoldenPipeline.Folders.First(path => Directory.Exists(Path.Combine(path, "text_encoder_2")));
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(golden, ScalarType.Float16);
        Assert.Equal(ScalarType.Float16, pipeline.Network.parameters().First().dtype);
        Assert.Equal(ScalarType.Float32, pipeline.Codec.parameters().First().dtype);
        Refuses("sizes", () => pipeline.Condition("a", sizes: new PictureSizes((0, 64), (64, 64))));
        Assert.Equal([512L, 640, 8, 16, 1024, 768], pipeline.Condition(
            ["a", "b"], sizes: new PictureSizes((512, 640), (1024, 768), (8, 16)))["time_ids"][1].data<long>());
        Refuses("clipSkip", () => pipeline.Condition("a", pipeline.TextEncoder!.Config.NumHiddenLayers - 1));
        Condition one = pipeline.Condition("a");
        Assert.Contains("\"pooled\"", Assert.ThrowsAny<Exception>(() => pipeline.Sampler(2, 1).Sample(
            pipeline.DrawStart(1, 64, 64), Condition.Of(("text", one["text"])))).ToString(), StringComparison.Ordinal);
    }

    private static string Refuses(string parameter, Action call)
    {
        InputException error = Assert.Throws<InputException>(call);
        Assert.Equal(parameter, error.ParamName);
        return error.Message;
    }

    private static string Refuses(string parameter, Func<object> call) => Refuses(parameter, () => { call(); });
}
