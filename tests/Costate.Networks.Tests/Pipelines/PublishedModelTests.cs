using System.Text.Json;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>What is known of a single file by its names alone.</summary>
public sealed class PublishedModelTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    // Counts of the public networks; the fixtures are the small files of their folders on the Hub.
    [Theory]
    [InlineData("sd1", null, 859_520_964, 123_060_480, 512, "PNDMScheduler", "sd15-unet", "sd-vae", "clip-l")]
    [InlineData("sd1-inpainting", null, 859_535_364, 123_060_480, 512, "PNDMScheduler", "sd15-unet", "sd-vae", "clip-l")]
    [InlineData("sd2", Prediction.Noise, 865_910_724, 340_387_840, 512, "PNDMScheduler", null, "sd-vae", "openclip-h")]
    [InlineData("sd2", Prediction.Velocity, 865_910_724, 340_387_840, 768, "DDIMScheduler", "sd21-unet", "sd-vae", "openclip-h")]
    [InlineData("sd2-inpainting", null, 865_925_124, 340_387_840, 512, "PNDMScheduler", null, "sd-vae", "openclip-h")]
    [InlineData("sdxl", null, 2_567_463_684, 123_060_480 + 694_659_840L, 1024, "EulerDiscreteScheduler", "sdxl-unet", "sdxl-vae", "clip-l openclip-bigg")]
    [InlineData("refiner", null, 2_259_526_660, 694_659_840, 1024, "EulerDiscreteScheduler", "sdxl-refiner-unet", "sdxl-vae", "openclip-bigg")]
    public void Family_IsWhatWasPublished(
        string family, Prediction? prediction, long unet, long text, int side, string scheduler, string? unetFile, string vaeFile, string texts)
    {
        using var scope = NewDisposeScope();
        PipelineParts parts = PipelineParts.Read(Write(family), null, prediction);
        Assert.Equal((side, side), parts.PictureSize);
        Assert.Equal(scheduler, parts.Scheduler.ClassName);
        Assert.Equal(prediction ?? Prediction.Noise, parts.Scheduler.Prediction);
        Assert.Empty(parts.Scheduler.IgnoredOptions);
        Assert.Equal(family == "sdxl", parts.ZerosForNoText);
        Assert.Equal(family == "refiner", parts.IsToldScore);
        Assert.Equal(parts.Texts.Select(t => family.StartsWith("sd1", StringComparison.Ordinal) || (family == "sdxl" && t.Part == "text_encoder") ? 49407 : 0),
            parts.Texts.Select(t => t.Tokenizer.Padding));

        if (unetFile is not null)
        {
            Same(UNet2DConditionConfig.Read(Config(unetFile)) with { InChannels = parts.UnetConfig.InChannels }, parts.UnetConfig);
        }

        Same(AutoencoderKLConfig.Read(Config(vaeFile)), parts.VaeConfig);
        Assert.Equal(texts.Split(' ').Length, parts.Texts.Count);
        foreach ((string file, ClipPart own) in texts.Split(' ').Zip(parts.Texts))
        {
            Same(ClipTextConfig.Read(Config(file)), own.Config);
        }

        using var meta = new MetaDevice();
        using var network = new UNet2DConditionModel(parts.UnetConfig);
        Assert.Equal(unet, network.parameters().Sum(p => p.numel()));
        Assert.Equal(text, parts.Texts.Sum(t =>
        {
            using var encoder = new ClipTextModel(t.Config);
            return encoder.parameters().Sum(p => p.numel());
        }));
    }

    [Theory]
    [InlineData("sd1", "999 799 599 400 200")]
    [InlineData("sdxl", "831 665 499 333 167")]
    public void Scheduler_IsReadAsAnother_AsThatOfTheFolderIs(string family, string times)
    {
        // SDXL's file says where to step; SD1's does not, and DPM++ does as it does by itself.
        SchedulerConfiguration dpm = PipelineParts.Read(Write(family), "DPMSolverMultistepScheduler", null).Scheduler;
        Assert.Equal(times.Split(' '), Times(dpm));
        Assert.Equal(["801", "601", "401", "201", "1"], Times(PipelineParts.Read(Write(family), "DDIMScheduler", null).Scheduler));
    }

    [Fact]
    public void WhatCannotBeTold_IsAskedFor()
    {
        string message = Assert.Throws<InputException>(() => PipelineParts.Read(Write("sd2"), null, null)).Message;
        Assert.Contains("768 pixels predict velocity", message, StringComparison.Ordinal);
        Assert.Contains("sizes that were not published: 8 channels of its U-Net, expected 320",
            Assert.Throws<InvalidDataException>(() => PipelineParts.Read(Write("small"), null, null)).Message, StringComparison.Ordinal);
        Assert.Contains("takes 8 channels",
            Assert.Throws<NotSupportedException>(() => PipelineParts.Read(Write("sd1-instructions"), null, null)).Message,
            StringComparison.Ordinal);
        Assert.Contains("weights", Assert.Throws<InputException>(
            () => DiffusionPipeline.FromPretrained(Write("sd1"), weights: Write("sd2"))).Message, StringComparison.Ordinal);
        Assert.Contains("variants", Assert.Throws<InputException>(
            () => DiffusionPipeline.FromPretrained(Write("sd1"), variant: "fp16")).Message, StringComparison.Ordinal);

        // The names fit and tensors are missing: they are listed.
        Assert.Contains("text_model.encoder.layers.0", Assert.Throws<InvalidDataException>(
            () => DiffusionPipeline.FromPretrained(Write("sd1"))).Message, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private static string Config(string name) => Fixtures.PathTo("configs", $"{name}.json");

    // In the steps that networks are told.
    private static string[] Times(SchedulerConfiguration scheduler) =>
        [.. scheduler.ForSteps(5).Grid.NetworkTimes.Take(5).Select(t => $"{Math.Round((t * 1000) - 1)}")];

    private static void Same<T>(T expected, T actual) =>
        Assert.Equal(JsonSerializer.Serialize(Plain(expected)), JsonSerializer.Serialize(Plain(actual)));

    // JSON leaves the numbers of a pair out.
    private static SortedDictionary<string, object?> Plain<T>(T config) => new(typeof(T).GetProperties().ToDictionary(
        property => property.Name,
        property => property.GetValue(config) is ValueTuple<int, int> pair ? pair.ToString() : property.GetValue(config)));

    private string Write(string family) => SparseCheckpoint.Write(folder.PathTo($"{family}.safetensors"), family);
}
