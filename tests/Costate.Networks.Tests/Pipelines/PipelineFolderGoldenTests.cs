using System.Text.Json.Nodes;
using Costate.Testing;
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
    [InlineData("StableDiffusionInpaintPipeline")]
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
    [InlineData("unet/config.json", "in_channels", 9, "inpainting")]
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
        Assert.Equal(77, pipeline.Condition(longText, truncate: true).Values.shape[1]);
        Refuses("prompts", () => pipeline.Condition(Array.Empty<string>()));
        Refuses("clipSkip", () => pipeline.Condition("a", pipeline.TextEncoder.Config.NumHiddenLayers));
        Refuses("clipSkip", () => pipeline.Condition("a", -1));
        Refuses("guidanceScale", () => pipeline.Guided(double.NaN));
        Refuses("guidanceScale", () => pipeline.Guided(1, "ugly"));
        Assert.Same(pipeline.Denoiser, pipeline.Guided(1));
        Refuses("steps", () => pipeline.Sampler(0));
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
