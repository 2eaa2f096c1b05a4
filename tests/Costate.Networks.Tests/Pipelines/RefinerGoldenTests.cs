using System.Text.Json.Nodes;
using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>A refiner, which has the second text encoder of SDXL alone and is told a score in place of the picture's size.</summary>
public sealed class RefinerGoldenTests : PipelineCopy
{
    private const int Ids = 5;

    public RefinerGoldenTests()
        : base("sdxl")
    {
        JsonNode text = JsonNode.Parse(File.ReadAllText(Folder.PathTo("text_encoder_2", "config.json")))!;
        Directory.Delete(Folder.PathTo("text_encoder"), recursive: true);
        Directory.Delete(Folder.PathTo("tokenizer"), recursive: true);
        Change("model_index.json", index =>
        {
            index["_class_name"] = "StableDiffusionXLImg2ImgPipeline";
            index["requires_aesthetics_score"] = true;
            index["force_zeros_for_empty_prompt"] = false;
            index["text_encoder"] = new JsonArray(null, null);
            index["tokenizer"] = new JsonArray(null, null);
        });
        Change("unet/config.json", config =>
        {
            config["cross_attention_dim"] = (int)text["hidden_size"]!;
            config["projection_class_embeddings_input_dim"] = (int)text["projection_dim"]! + (Ids * (int)config["addition_time_embed_dim"]!);
        });
        using DisposeScope scope = NewDisposeScope();
        using var network = new UNet2DConditionModel(UNet2DConditionConfig.Read(Folder.PathTo("unet", "config.json")));
        string weights = Folder.PathTo("unet", "diffusion_pytorch_model.safetensors");
        File.Delete(weights);
        SafetensorsFile.Write(weights, network.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter.detach())));
    }

    [Fact]
    public void Score_IsToldInPlaceOfTheSize()
    {
        using var scope = NewDisposeScope();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Folder.FullName);
        Assert.True(pipeline.TextEncoder!.Config.HasProjection);
        Assert.Null(pipeline.TextEncoder2);
        Assert.Null(pipeline.Tokenizer2);
        Condition text = pipeline.Condition("a cat"), negative = pipeline.Unconditional();
        Assert.Equal(["text", "pooled", "score"], text.Names);
        Assert.Equal((6f, 2.5f), (text["score"].item<float>(), negative["score"].item<float>()));

        // The empty text, not zeros.
        Assert.True(negative["text"].eq(pipeline.Condition("")["text"]).all().ToBoolean());
        Tensor start = pipeline.DrawStart(1, 64, 48);
        Same(Direct(text, 64, 48, 0, 0, 6), pipeline.Denoiser.Call(start, 0.301, text));
        Condition told = pipeline.Condition("a cat", sizes: new PictureSizes((512, 640), (1, 1), (8, 16)) { AestheticScore = 4.5 });
        Same(Direct(text, 512, 640, 8, 16, 4.5f), pipeline.Denoiser.Call(start, 0.301, told));
        Assert.False(Direct(text, 64, 48, 0, 0, 6).eq(Direct(text, 64, 48, 0, 0, 2.5f)).all().ToBoolean());

        // A picture refined: both branches have their own score, and gradients reach it.
        Sampler sampler = pipeline.Sampler(4, 3, strength: 0.5);
        Tensor latent = pipeline.Encode(StartNoise.Draw([1, 3, 64, 48], 2).tanh());
        Tensor noised = pipeline.Noised(latent, 3, sampler);
        SampleGradient gradient = sampler.Gradient(noised, text, x => pipeline.Decode(x).square().sum([1, 2, 3]));
        Assert.True(gradient.Conditions["score"].abs().item<float>() > 0);
        Assert.True(gradient.Unconditional["score"].abs().item<float>() > 0);

        Tensor Direct(Condition z, params float[] ids) => ((UNet2DConditionModel)pipeline.Network).forward(
            start, full([1], 300f), z["text"], z["pooled"], tensor(ids).unsqueeze(0));

        static void Same(Tensor expected, Tensor actual) => Assert.Equal(0, (expected - actual).abs().max().item<float>());
    }

    [Fact]
    public void OtherModels_AreToldNone()
    {
        using var scope = NewDisposeScope();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Goldens.PathTo("pipelines", "sdxl"));
        Assert.DoesNotContain("score", pipeline.Condition("a").Names);
        Assert.Contains("aesthetic score 5", Assert.Throws<InputException>(
            () => pipeline.Condition("a", sizes: new PictureSizes((64, 64), (64, 64)) { AestheticScore = 5 })).Message, StringComparison.Ordinal);
        Change("model_index.json", index => index["requires_aesthetics_score"] = false);
        Assert.Contains("has no 'text_encoder'", Assert.Throws<InvalidDataException>(
            () => DiffusionPipeline.FromPretrained(Folder.FullName)).Message, StringComparison.Ordinal);
    }
}
