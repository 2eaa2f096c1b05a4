using System.Text.Json.Nodes;
using Costate.Testing;

namespace Costate.Networks.Tests;

/// <summary>What is refused of a pipeline's folder.</summary>
public sealed class PipelineFolderGoldenTests : PipelineCopy
{
    [Theory]
    [InlineData("unet")]
    [InlineData("vae")]
    [InlineData("text_encoder")]
    [InlineData("tokenizer")]
    [InlineData("scheduler")]
    public void MissingPart_IsNamed(string part)
    {
        Directory.Delete(Folder.PathTo(part), recursive: true);
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
        File.Move(Folder.PathTo(part, $"{stem}.safetensors"), Folder.PathTo(part, $"{stem}.fp16.safetensors"));
        Assert.Contains($"variants {ErrorText.Quote("fp16")}", Fails<FileNotFoundException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Variant_IsThatOfTheUnetAndOfWhatElseHasIt()
    {
        const string Stem = "diffusion_pytorch_model";
        File.Move(Folder.PathTo("unet", $"{Stem}.safetensors"), Folder.PathTo("unet", $"{Stem}.non_ema.safetensors"));
        using (DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Folder.FullName, variant: "non_ema"))
        {
            Assert.False(pipeline.Network.training);
        }

        File.WriteAllText(Folder.PathTo("vae", $"{Stem}.non_ema.safetensors"), "version https://git-lfs.github.com/spec/v1");
        string message = Assert.Throws<InvalidDataException>(
            () => DiffusionPipeline.FromPretrained(Folder.FullName, variant: "non_ema")).Message;
        Assert.Contains("Git LFS", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Networks_TakeVariantsByThemselves()
    {
        foreach (string file in Directory.GetFiles(Folder.FullName, "*.safetensors", SearchOption.AllDirectories))
        {
            File.Move(file, Path.ChangeExtension(file, ".fp16.safetensors"));
        }

        using UNet2DConditionModel unet = UNet2DConditionModel.FromPretrained(Folder.PathTo("unet"), variant: "fp16");
        using AutoencoderKL vae = AutoencoderKL.FromPretrained(Folder.PathTo("vae"), variant: "fp16");
        using ClipTextModel text = ClipTextModel.FromPretrained(Folder.PathTo("text_encoder"), variant: "fp16");
    }

    [Theory]
    [InlineData("KolorsPipeline")]
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
        DiffusionPipeline.FromPretrained(Folder.FullName).Dispose();
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
        foreach (string weights in Directory.GetFiles(Folder.FullName, "*.safetensors", SearchOption.AllDirectories))
        {
            File.Delete(weights);
        }

        Exception? error = Record.Exception(() => DiffusionPipeline.FromPretrained(Folder.FullName));
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
            (Folder.PathTo("vae"), "give the folder above"),
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
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Folder.FullName);
        Assert.Equal(1, (pipeline.Scheduler.ForSteps(5).Grid.NetworkTimes[4] * 1000) - 1, 1e-9);
        Assert.Equal("skip_prk_steps", Assert.Single(pipeline.Scheduler.IgnoredOptions));
        using DiffusionPipeline other = DiffusionPipeline.FromPretrained(Folder.FullName, scheduler: "DPMSolverMultistepScheduler");
        Assert.Equal("DPMSolverMultistepScheduler", other.Scheduler.ClassName);
        Assert.Throws<SchedulerConfigurationException>(() => DiffusionPipeline.FromPretrained(Folder.FullName, scheduler: "no\"ne"));
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
        Directory.CreateDirectory(Folder.PathTo("text_encoder_2"));
        Directory.CreateDirectory(Folder.PathTo("tokenizer_2"));
        Assert.Contains($"has no '{part}'", Fails<InvalidDataException>(), StringComparison.Ordinal);
    }

    [Fact]
    public void Progress_CountsAllParts()
    {
        var told = new List<long>();
        DiffusionPipeline.FromPretrained(Folder.FullName, progress: new Listener(told)).Dispose();
        Assert.Equal(told.Order(), told);
        long bytes = 0;
        foreach (string part in new[] { "text_encoder", "vae", "unet" })
        {
            using WeightSource source = WeightSource.Open(Folder.PathTo(part));
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
            Folder.FullName, progress: new Listener(_ => tensors += tensors > 100 ? Cancel(cancellation) : 1),
            cancellationToken: cancellation.Token));
    }

    private static int Cancel(CancellationTokenSource cancellation)
    {
        cancellation.Cancel();
        return 1;
    }

    private string Fails<TException>()
        where TException : Exception =>
        Assert.Throws<TException>(() => DiffusionPipeline.FromPretrained(Folder.FullName)).Message;

    private sealed class Listener(Action<long> told) : IProgress<long>
    {
        public Listener(List<long> list)
            : this(list.Add)
        {
        }

        public void Report(long value) => told(value);
    }
}
