using System.Text.Json.Nodes;
using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>What is refused of a pipeline's folder and of what its pipeline is given.</summary>
public sealed class PipelineFolderGoldenTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public PipelineFolderGoldenTests()
    {
        string golden = GoldenPipeline.Folders.First();
        foreach (string file in Directory.GetFiles(golden, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(golden, file);
            if (!name.StartsWith("single-file", StringComparison.Ordinal) && !name.StartsWith("expected", StringComparison.Ordinal))
            {
                folder.Write(name, File.ReadAllBytes(file));
            }
        }
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("unet")]
    [InlineData("vae")]
    [InlineData("text_encoder")]
    [InlineData("tokenizer")]
    [InlineData("scheduler")]
    public void MissingPart_IsNamed(string part)
    {
        Directory.Delete(folder.PathTo(part), recursive: true);
        Assert.Contains($"the {ErrorText.Quote(part)} of the pipeline", Fails<FileNotFoundException>(), StringComparison.Ordinal);
        Change("model_index.json", index => index[part] = new JsonArray(null, null));
        Assert.Contains($"has no {ErrorText.Quote(part)}", Fails<InvalidDataException>(), StringComparison.Ordinal);
        Change("model_index.json", index => index.Remove(part));
        Assert.Contains($"has no {ErrorText.Quote(part)}", Fails<InvalidDataException>(), StringComparison.Ordinal);
        Change("model_index.json", index => index[part] = "diffusers");
        Assert.Contains("[library, class]", Fails<InvalidDataException>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unet", "diffusion_pytorch_model")]
    [InlineData("vae", "diffusion_pytorch_model")]
    [InlineData("text_encoder", "model")]
    public void MissingWeights_AreNamed(string part, string stem)
    {
        File.Move(folder.PathTo(part, $"{stem}.safetensors"), folder.PathTo(part, $"{stem}.fp16.safetensors"));
        Assert.Contains($"variants {ErrorText.Quote("fp16")}", Fails<FileNotFoundException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Variant_IsThatOfTheUnetAndOfWhatElseHasIt()
    {
        const string Stem = "diffusion_pytorch_model";
        File.Move(folder.PathTo("unet", $"{Stem}.safetensors"), folder.PathTo("unet", $"{Stem}.non_ema.safetensors"));
        using (DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder.FullName, variant: "non_ema"))
        {
            Assert.False(pipeline.Network.training);
        }

        File.WriteAllText(folder.PathTo("vae", $"{Stem}.non_ema.safetensors"), "version https://git-lfs.github.com/spec/v1");
        string message = Assert.Throws<InvalidDataException>(
            () => DiffusionPipeline.FromPretrained(folder.FullName, variant: "non_ema")).Message;
        Assert.Contains("Git LFS", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Networks_TakeVariantsByThemselves()
    {
        foreach (string file in Directory.GetFiles(folder.FullName, "*.safetensors", SearchOption.AllDirectories))
        {
            File.Move(file, Path.ChangeExtension(file, ".fp16.safetensors"));
        }

        using UNet2DConditionModel unet = UNet2DConditionModel.FromPretrained(folder.PathTo("unet"), variant: "fp16");
        using AutoencoderKL vae = AutoencoderKL.FromPretrained(folder.PathTo("vae"), variant: "fp16");
        using ClipTextModel text = ClipTextModel.FromPretrained(folder.PathTo("text_encoder"), variant: "fp16");
    }

    [Theory]
    [InlineData("FluxPipeline")]
    [InlineData("StableDiffusion3Pipeline")]
    [InlineData("StableDiffusionInstructPix2PixPipeline")]
    public void OtherFamily_IsNamed(string family)
    {
        Change("model_index.json", index => index["_class_name"] = family);
        Assert.Contains($"of the pipeline {ErrorText.Quote(family)}", Fails<NotSupportedException>(), StringComparison.Ordinal);
        Change("model_index.json", index => index.Remove("_class_name"));
        Assert.Contains("_class_name", Fails<InvalidDataException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void OtherComponents_AreLeftAlone()
    {
        Change("model_index.json", index =>
        {
            index["safety_checker"] = new JsonArray("stable_diffusion", "StableDiffusionSafetyChecker");
            index["image_encoder"] = new JsonArray("transformers", "CLIPVisionModelWithProjection");
            index["requires_safety_checker"] = true;
        });
        DiffusionPipeline.FromPretrained(folder.FullName).Dispose();
    }

    [Theory]
    [InlineData("unet/config.json", "in_channels", 8, "instructions or depth")]
    [InlineData("unet/config.json", "in_channels", 3, "takes 3 channels")]
    [InlineData("unet/config.json", "out_channels", 8, "gives 8")]
    [InlineData("unet/config.json", "cross_attention_dim", 48, "texts of width 48")]
    [InlineData("vae/config.json", "latent_channels", 16, "latents of 16")]
    [InlineData("text_encoder/config.json", "vocab_size", 100, "knows 100")]
    [InlineData("text_encoder/config.json", "max_position_embeddings", 70, "takes at most 70")]
    public void PartsOfTwoModels_AreRefusedBeforeTheirWeights(string file, string option, int value, string text)
    {
        Change(file, config => config[option] = value);
        foreach (string weights in Directory.GetFiles(folder.FullName, "*.safetensors", SearchOption.AllDirectories))
        {
            File.Delete(weights);
        }

        Exception? error = Record.Exception(() => DiffusionPipeline.FromPretrained(folder.FullName));
        Assert.True(error is InvalidDataException or NotSupportedException, $"{error}");
        Assert.Contains(text, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FolderOfSomethingElse_IsExplained()
    {
        using var empty = new TemporaryFolder();
        foreach ((string path, string text) in new[]
        {
            (empty.FullName, "Fetch the model's folder"),
            (folder.PathTo("vae"), "give the folder above"),
            (empty.PathTo("no"), "no such folder"),
        })
        {
            string message = Assert.Throws<FileNotFoundException>(() => DiffusionPipeline.FromPretrained(path)).Message;
            Assert.Contains(text, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Scheduler_IsReadAsThePipelineDoes()
    {
        Change("scheduler/scheduler_config.json", config =>
        {
            config["_class_name"] = "DDIMScheduler";
            config["clip_sample"] = true;
            config["steps_offset"] = 0;
        });
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder.FullName);
        Assert.Equal(1, (pipeline.Scheduler.ForSteps(5).Grid.NetworkTimes[4] * 1000) - 1, 1e-9);
        Assert.Equal("skip_prk_steps", Assert.Single(pipeline.Scheduler.IgnoredOptions));
        using DiffusionPipeline other = DiffusionPipeline.FromPretrained(folder.FullName, scheduler: "DPMSolverMultistepScheduler");
        Assert.Equal("DPMSolverMultistepScheduler", other.Scheduler.ClassName);
        Assert.Throws<SchedulerConfigurationException>(() => DiffusionPipeline.FromPretrained(folder.FullName, scheduler: "no\"ne"));
    }

    [Fact]
    public void WhatIsGiven_IsChecked()
    {
        using var scope = NewDisposeScope();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder.FullName);
        string longText = "cat";
        while (pipeline.Tokenizer.Encode(longText).Count <= pipeline.Tokenizer.Length)
        {
            longText += " cat";
        }

        longText += " dog";
        Assert.Contains("dog", Refuses("prompt", () => pipeline.Condition(longText)), StringComparison.Ordinal);
        Assert.Equal(77, pipeline.Condition(longText, truncate: true)["text"].shape[1]);
        Refuses("prompts", () => pipeline.Condition(Array.Empty<string>()));
        Refuses("clipSkip", () => pipeline.Condition("a", pipeline.TextEncoder.Config.NumHiddenLayers));
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
        Refuses("dtype", () => DiffusionPipeline.FromPretrained(folder.FullName, ScalarType.Int64));
        Refuses("variant", () => DiffusionPipeline.FromPretrained(folder.FullName, variant: "fp16", weights: "model.ckpt"));
        Assert.ThrowsAny<Exception>(() => pipeline.Sampler(2).Sample(pipeline.DrawStart(1, 64, 64, 2), pipeline.Condition("a")));
    }

    [Fact]
    public void SingleFile_IsNotAFolder()
    {
        string single = Directory.GetFiles(folder.PathTo("unet"), "*.safetensors")[0];
        string message = Refuses("folder", () => DiffusionPipeline.FromPretrained(single));
        Assert.Contains("what its network predicts", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Prediction_ThatTheFolderDoesNotSay_IsGiven()
    {
        using DiffusionPipeline velocity = DiffusionPipeline.FromPretrained(folder.FullName, prediction: Prediction.Velocity);
        Assert.Equal((Prediction.Velocity, Prediction.Velocity), (velocity.Scheduler.Prediction, velocity.Denoiser.Prediction));
        Assert.Contains("Velocity", Refuses("prediction",
            () => DiffusionPipeline.FromPretrained(folder.FullName, prediction: Prediction.Score)), StringComparison.Ordinal);
    }

    [Fact]
    public void TextsOfOddCharacters_AreRead()
    {
        using var scope = NewDisposeScope();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder.FullName);
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
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder.FullName, ScalarType.Float16);
        Tensor latent = full([1, 4, 8, 8], 5e4f);
        Assert.Contains("bfloat16 or float32", Assert.Throws<InvalidOperationException>(() => pipeline.Decode(latent)).Message,
            StringComparison.Ordinal);
        Assert.Contains("NaN", $"{pipeline.Decode(latent * float.NaN).sum().item<float>()}", StringComparison.Ordinal);
    }

    [Fact]
    public void NetworkForInpainting_TakesThePictureAndItsMask()
    {
        using var scope = NewDisposeScope();
        string weights = folder.PathTo("unet", "diffusion_pytorch_model.safetensors");
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
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder.FullName);
        Tensor image = StartNoise.Draw([1, 3, 64, 48], 2).tanh(), mask = zeros(1, 1, 64, 48);
        mask[.., .., ..32].fill_(0.7f);
        Condition text = pipeline.Condition("a cat"), condition = pipeline.Inpainting(text, image, mask);

        Assert.Equal([1, 1, 8, 6], condition["mask"].shape);
        Assert.Equal([1f, 0f], [condition["mask"][0, 0, 3, 0].item<float>(), condition["mask"][0, 0, 4, 5].item<float>()]);
        Assert.Equal(0, (condition["masked"] - pipeline.Encode(image * mask.lt(0.5))).abs().max().item<float>());
        Tensor start = pipeline.DrawStart(1, 64, 48), time = full([1], 300f);
        Tensor direct = pipeline.Network.call(cat([start, condition["mask"], condition["masked"]], 1), time, text["text"]);
        Assert.Equal(0, (direct - pipeline.Denoiser.Call(start, 0.301, condition)).abs().max().item<float>());

        // Guidance leads away from the text alone, and gradients reach what is kept.
        SampleGradient gradient = pipeline.Sampler(2, 3).Gradient(start, condition, x => x.square().sum([1, 2, 3]));
        Assert.True(gradient.Conditions["masked"].abs().max().item<float>() > 0);
        Assert.Contains("\"mask\"", Assert.ThrowsAny<Exception>(() => pipeline.Sampler(2).Sample(start, text)).ToString(),
            StringComparison.Ordinal);
        Refuses("mask", () => pipeline.Inpainting(text, image, zeros(1, 1, 32, 48)));
        Refuses("image", () => pipeline.Inpainting(text, image[.., ..1], mask));
    }

    [Theory]
    [InlineData("text_encoder_2")]
    [InlineData("tokenizer_2")]
    public void SecondText_IsNeededWhereTheFamilyHasOne(string part)
    {
        Change("model_index.json", index => index["_class_name"] = "StableDiffusionXLPipeline");
        Assert.Contains("has no 'text_encoder_2'", Fails<InvalidDataException>(), StringComparison.Ordinal);
        Change("model_index.json", index =>
        {
            index["text_encoder_2"] = new JsonArray("transformers", "CLIPTextModelWithProjection");
            index["tokenizer_2"] = new JsonArray("transformers", "CLIPTokenizer");
            index.Remove(part);
        });
        Directory.CreateDirectory(folder.PathTo("text_encoder_2"));
        Directory.CreateDirectory(folder.PathTo("tokenizer_2"));
        Assert.Contains($"has no '{part}'", Fails<InvalidDataException>(), StringComparison.Ordinal);
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
        Refuses("clipSkip", () => pipeline.Condition("a", pipeline.TextEncoder.Config.NumHiddenLayers - 1));
        Condition one = pipeline.Condition("a");
        Assert.Contains("\"pooled\"", Assert.ThrowsAny<Exception>(() => pipeline.Sampler(2, 1).Sample(
            pipeline.DrawStart(1, 64, 64), Condition.Of(("text", one["text"])))).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_CountsAllParts()
    {
        var told = new List<long>();
        DiffusionPipeline.FromPretrained(folder.FullName, progress: new Listener(told)).Dispose();
        Assert.Equal(told.Order(), told);
        long bytes = 0;
        foreach (string part in new[] { "text_encoder", "vae", "unet" })
        {
            using WeightSource source = WeightSource.Open(folder.PathTo(part));
            bytes += source.Names.Where(name => !name.EndsWith("position_ids", StringComparison.Ordinal))
                .Sum(name => source.Info(name).ByteCount);
        }

        Assert.Equal(bytes, told[^1]);
    }

    [Fact]
    public void CancelledLoading_LeavesNothing()
    {
        using var cancellation = new CancellationTokenSource();
        int tensors = 0;
        Assert.Throws<OperationCanceledException>(() => DiffusionPipeline.FromPretrained(
            folder.FullName, progress: new Listener(_ => tensors += tensors > 100 ? Cancel(cancellation) : 1),
            cancellationToken: cancellation.Token));
    }

    private static int Cancel(CancellationTokenSource cancellation)
    {
        cancellation.Cancel();
        return 1;
    }

    private static string Refuses(string parameter, Action call)
    {
        InputException error = Assert.Throws<InputException>(call);
        Assert.Equal(parameter, error.ParamName);
        return error.Message;
    }

    private static string Refuses(string parameter, Func<object> call) => Refuses(parameter, () => { call(); });

    private string Fails<TException>()
        where TException : Exception =>
        Assert.Throws<TException>(() => DiffusionPipeline.FromPretrained(folder.FullName)).Message;

    private void Change(string file, Action<JsonObject> change)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(folder.PathTo(file)))!.AsObject();
        change(config);
        folder.Write(file, config.ToJsonString());
    }

    private sealed class Listener(Action<long> told) : IProgress<long>
    {
        public Listener(List<long> list)
            : this(list.Add)
        {
        }

        public void Report(long value) => told(value);
    }
}
