using System.Text.Json.Nodes;
using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>Pipelines of PixArt and DiT, put together of the networks of the goldens: from a text or a class to a gradient.</summary>
public sealed class ImagePipelineGoldenTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> PixArts => GoldenFolders.With("_class_name", "PixArtTransformer2DModel", "transformers");

    public static TheoryData<string> DiTs => GoldenFolders.With("_class_name", "DiTTransformer2DModel", "transformers");

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(PixArts))]
    public void PixArt_IsToldATextWithItsMask(string name)
    {
        using var scope = NewDisposeScope();
        Build("PixArtAlphaPipeline", name, """
            {"_class_name": "DPMSolverMultistepScheduler", "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear"}
            """);
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder.FullName);
        var network = (PixArtTransformer2DModel)pipeline.Network;
        Assert.Equal((4.5, 8 * network.Config.SampleSize), (pipeline.UsualScale, pipeline.PictureSize.Height));
        Condition text = pipeline.Condition(" A Cat ");
        Assert.Equal([1, 120, network.Config.CaptionChannels!.Value], text["text"].shape);
        TextTokens tokens = pipeline.LongTokenizer!.Tokenize("a cat", 120);
        Assert.Equal(tokens.Count, (int)text["text_mask"].sum().item<float>());
        Tensor ids = tensor([.. tokens.Ids.Select(id => (long)id)], [1, 120]);
        Near.Equal(pipeline.LongTextEncoder!.forward(ids, text["text_mask"]), text["text"], 0);

        // The network itself, told the size of the picture, without its variance.
        Tensor start = pipeline.DrawStart(1, 64, 96), time = full([1], 499f);
        bool told = network.Config.HasSizes;
        Tensor direct = network.forward(
            start, time, text["text"], text["text_mask"], told ? tensor(new[,] { { 64f, 96 } }) : null,
            told ? full(1, 1, 64f / 96) : null)[.., ..4];
        Near.Equal(direct, pipeline.Denoiser.Call(start, 0.5, text), 1e-6);

        SampleGradient gradient = pipeline.Sampler(3).Gradient(start, text, x => pipeline.Decode(x).square().mean([1, 2, 3]));
        Assert.True(gradient.StartNoise.abs().max().item<float>() > 0);
        Assert.True(gradient.Conditions["text"].abs().max().item<float>() > 0);
        Sampler rex = pipeline.Sampler(3, 2, "ugly", Solver.Rex(ButcherTableau.Euler));
        using NoiseState state = rex.Invert(gradient.Sample, text);
        Assert.True(rex.Sample(state, text).eq(gradient.Sample).all().ToBoolean());
        string words = string.Join(' ', Enumerable.Repeat("zebra", 300)) + " lion";
        Assert.Equal("prompt", Assert.Throws<InputException>(() => pipeline.Condition(words)).ParamName);
        Assert.Contains("lion", pipeline.CutOff(words).Lost, StringComparison.Ordinal);
        Assert.Equal("clipSkip", Assert.Throws<InputException>(() => pipeline.Condition("a", 1)).ParamName);
    }

    [Theory]
    [MemberData(nameof(DiTs))]
    public void DiT_IsToldAClass(string name)
    {
        using var scope = NewDisposeScope();
        Build("DiTPipeline", name, """
            {"_class_name": "DDIMScheduler", "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear", "clip_sample": false}
            """);
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder.FullName);
        var network = (DiTTransformer2DModel)pipeline.Network;
        int classes = network.Config.NumEmbedsAdaNorm;
        Assert.Equal([1L, 0], pipeline.Condition(["Tench", "0"])["class"].data<long>());
        Assert.Equal([classes], pipeline.Unconditional()["class"].data<long>());
        Tensor start = pipeline.DrawStart(1, 64, 64);
        Condition tench = pipeline.Condition("tench");
        Near.Equal(network.call(start, full([1], 499f), tensor([1L]))[.., ..4], pipeline.Denoiser.Call(start, 0.5, tench), 1e-6);
        SampleGradient gradient = pipeline.Sampler(3).Gradient(start, tench, x => pipeline.Decode(x).square().mean([1, 2, 3]));
        Assert.True(gradient.StartNoise.abs().max().item<float>() > 0);
        Sampler rex = pipeline.Sampler(3, 2, solver: Solver.Rex(ButcherTableau.Euler));
        using NoiseState state = rex.Invert(gradient.Sample, tench);
        Assert.True(rex.Sample(state, tench).eq(gradient.Sample).all().ToBoolean());
        foreach (string wrong in new[] { $"{classes + 1}", "-1", "goldfich" })
        {
            InputException error = Assert.Throws<InputException>(() => pipeline.Condition(wrong));
            Assert.Equal(("prompt", wrong == "goldfich"), (error.ParamName, error.Message.Contains("goldfish", StringComparison.Ordinal)));
        }

        Assert.Contains($"class {classes + 1}", Assert.Throws<InputException>(
            () => { network.call(start, full([1], 1f), tensor([classes + 1L])); }).Message, StringComparison.Ordinal);
    }

    // The network's width of texts decides those of the text encoder.
    private void Build(string pipeline, string transformer, string scheduler)
    {
        bool hasText = pipeline != "DiTPipeline";
        string golden = Directory.GetDirectories(Goldens.PathTo("pipelines"), "*flux*")[0];
        Copy(GoldenFolders.PathTo(transformer), "transformer");
        Copy(Path.Combine(golden, "vae"), "vae");
        var index = new JsonObject { ["_class_name"] = pipeline };
        Part("transformer", "diffusers", hasText ? "PixArtTransformer2DModel" : "DiTTransformer2DModel");
        Part("vae", "diffusers", "AutoencoderKL");
        Part("scheduler", "diffusers", "");
        if (hasText)
        {
            Copy(Path.Combine(golden, "text_encoder_2"), "text_encoder");
            Copy(Path.Combine(golden, "tokenizer_2"), "tokenizer");
            Part("text_encoder", "transformers", "T5EncoderModel");
            Part("tokenizer", "transformers", "T5Tokenizer");
        }

        index["id2label"] = new JsonObject { ["0"] = "goldfish, Carassius auratus", ["1"] = "tench, Tinca tinca" };
        folder.Write("model_index.json", index.ToJsonString());
        folder.Write("scheduler/scheduler_config.json", scheduler);

        void Part(string name, string library, string className) => index[name] = new JsonArray(library, className);
    }

    private void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from).Select(file => Path.GetFileName(file)!))
        {
            folder.Write($"{to}/{file}", File.ReadAllBytes(Path.Combine(from, file)));
        }
    }
}
