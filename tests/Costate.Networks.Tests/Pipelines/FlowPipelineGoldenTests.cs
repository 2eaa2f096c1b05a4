using System.Text.Json.Nodes;
using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>Pipelines of transformers that were trained as flows, against those of diffusers.</summary>
public sealed class FlowPipelineGoldenTests
{
    // A run in double precision differs by 6e-6 of the largest value; gradients go through five steps and the decoder besides.
    private const double Latents = 2e-5;
    private const double Images = 1e-4;

    public static TheoryData<string> Folders => [.. Directory.GetDirectories(Goldens.PathTo("pipelines"))
        .Where(folder => (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "model_index.json")))!["_class_name"]
            is "StableDiffusion3Pipeline" or "FluxPipeline")
        .Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Run_MatchesDiffusers(string name)
    {
        using var scope = NewDisposeScope();
        foreach (string file in Directory.GetFiles(Goldens.PathTo("pipelines", name), "expected*.safetensors"))
        {
            GoldenPipeline golden = GoldenPipeline.Read($"{name}/{Path.GetFileNameWithoutExtension(file)}/flow");
            using DiffusionPipeline pipeline = golden.Open();
            Condition text = pipeline.Condition(golden.Prompt, golden.ClipSkip);
            Near(golden.Expected["prompt_embeds"], text["text"], Latents);
            Near(golden.Expected["pooled_prompt_embeds"], text["pooled"], Latents);
            if (golden.Expected.TryGetValue("negative_prompt_embeds", out Tensor? negative))
            {
                Condition none = pipeline.Unconditional(golden.Negative);
                Near(negative, none["text"], Latents);
                Near(golden.Expected["negative_pooled_prompt_embeds"], none["pooled"], Latents);
            }

            Tensor start = golden.Expected["input.latents"], cotangent = golden.Expected["cotangent.image"];
            (int Height, int Width) size = ((int)cotangent.shape[2], (int)cotangent.shape[3]);
            Sampler sampler = pipeline.Sampler(golden.Steps, golden.Guidance, golden.Negative, size: size);
            Near(golden.Of("sigmas"), tensor(sampler.Grid.Times.Select(t => (float)t).ToArray()), 1e-6);
            var states = new SortedDictionary<int, float[]>();
            StepLoss Kept(int point) => StepLoss.AtState(point, x =>
            {
                states[point] = x.detach().contiguous().data<float>().ToArray();
                return x.sum([1, 2, 3]) * 0;
            });
            SampleGradient gradient = sampler.Gradient(
                start,
                text,
                x => (pipeline.Decode(x) * cotangent).sum([1, 2, 3]),
                losses: [.. Enumerable.Range(1, golden.Steps - 1).Select(Kept)]);
            foreach ((int point, float[] state) in states)
            {
                Near(golden.Of($"latents.{point}"), AsThere(golden.Of($"latents.{point}"), tensor(state).view(start.shape)), Latents);
            }

            Tensor last = golden.Of($"latents.{golden.Steps}");
            Near(last, AsThere(last, gradient.Sample), Latents);
            Near(golden.Of("image"), pipeline.Decode(gradient.Sample), Images);
            Near(golden.Of("vjp.latents"), gradient.StartNoise, Images);

            // The blocks computed again, and the text reached.
            pipeline.GradientCheckpointing = true;
            SampleGradient again = sampler.Gradient(start, text, x => (pipeline.Decode(x) * cotangent).sum([1, 2, 3]));
            Near(golden.Of("vjp.latents"), again.StartNoise, Images);
            Assert.All(text.Names, part => Assert.True(again.Conditions[part].abs().max().item<float>() > 0));
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void RexOfAPicture_ComesBackToTheLastBit(string name)
    {
        // From data at one end of the flow to noise at the other, where the log-SNR is infinite.
        foreach ((ScalarType dtype, ButcherTableau tableau) in new[]
        {
            (ScalarType.Float32, ButcherTableau.Midpoint), (ScalarType.BFloat16, ButcherTableau.Euler),
            (ScalarType.Float16, ButcherTableau.Euler),
        })
        {
            using var scope = NewDisposeScope();
            using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Goldens.PathTo("pipelines", name), dtype);
            Tensor latent = pipeline.Encode(StartNoise.Draw([1, 3, 64, 32], 3).tanh().to(dtype));
            Condition text = pipeline.Condition("a cat");
            string? negative = pipeline.Guidance == GuidanceKind.ClassifierFree ? "ugly" : null;
            Sampler sampler = pipeline.Sampler(3, 3, negative, Solver.Rex(tableau), size: (64, 32));
            Assert.Equal((1, 0), (sampler.Grid.Start, sampler.Grid.End));
            using NoiseState state = sampler.Invert(latent, text);
            Assert.True(sampler.Sample(state, text).eq(latent).all().ToBoolean());
            Assert.False(sampler.Sample(state, pipeline.Condition("a horse")).eq(latent).all().ToBoolean());
        }
    }

    // What was made before stays to the bit; nothing can be made after, and there is less to hold.
    [Theory]
    [MemberData(nameof(Folders))]
    public void TextEncoders_AreLetGoOf(string name)
    {
        using var scope = NewDisposeScope();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Goldens.PathTo("pipelines", name));
        Condition text = pipeline.Condition("a cat");
        Sampler sampler = pipeline.Sampler(2, size: (64, 32));
        Tensor start = pipeline.DrawStart(1, 64, 32), before = sampler.Sample(start, text);
        ClipTextModel encoder = pipeline.TextEncoder!;
        pipeline.ReleaseTextEncoders();
        Assert.Null(pipeline.TextEncoder);
        Assert.Null(pipeline.LongTextEncoder);
        Assert.True(encoder.parameters().All(p => p.IsInvalid));
        Assert.True(sampler.Sample(start, text).eq(before).all().ToBoolean());
        Assert.Contains("released", Assert.Throws<InvalidOperationException>(() => { pipeline.Condition("a dog"); }).Message);
        if (pipeline.Guidance == GuidanceKind.ClassifierFree)
        {
            Assert.Throws<InvalidOperationException>(() => { pipeline.Sampler(2); });
        }

        pipeline.ReleaseTextEncoders();
        Assert.NotEqual("", pipeline.CutOff(string.Join(' ', Enumerable.Repeat("zebra", 600))).Lost);
    }

    // A negative prompt, a scale that is not told, lengths and sizes.
    [Theory]
    [MemberData(nameof(Folders))]
    public void WhatIsGiven_IsChecked(string name)
    {
        using var scope = NewDisposeScope();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Goldens.PathTo("pipelines", name));
        bool isGuided = pipeline.Guidance == GuidanceKind.ClassifierFree;
        Refuses("size", () => pipeline.Sampler(2, size: (64, 20)));
        Refuses("size", () => pipeline.Sampler(2, size: (0, 32)));

        // Steps that were planned for another picture than that which is drawn; where they depend on none, any will do unless one is given.
        (Tensor start, Condition text) = (pipeline.DrawStart(1, 64, 32), pipeline.Condition("a cat"));
        Refuses("size", () => pipeline.Sampler(2, size: (32, 64)).Sample(start, text));
        Assert.Equal(start.shape, pipeline.Sampler(2, size: (64, 32)).Sample(start, text).shape);
        if (pipeline.Scheduler.TakesShift)
        {
            Refuses("size", () => pipeline.Sampler(2).Sample(start, text));
        }
        else
        {
            Assert.Equal(start.shape, pipeline.Sampler(2).Sample(start, text).shape);
        }

        if (!isGuided)
        {
            Assert.Contains("distilled", Refuses("negative", () => pipeline.Sampler(2, negative: "ugly")), StringComparison.Ordinal);
            Refuses("negative", () => pipeline.Unconditional("ugly"));
            Refuses("clipSkip", () => pipeline.Condition("a", clipSkip: 1));
        }

        Refuses("clipSkip", () => pipeline.Condition("a", clipSkip: 2));
        Refuses("height", () => pipeline.DrawStart(1, 24, 32));
        Refuses("guidanceScale", () => pipeline.Sampler(2, double.PositiveInfinity));
        Refuses("steps", () => pipeline.Sampler(0));
        Refuses("sizes", () => pipeline.Condition("a", sizes: new PictureSizes((64, 64), (64, 64))));
        string words = string.Join(' ', Enumerable.Repeat("zebra", 600)) + " lion";
        Assert.Contains("lion", pipeline.CutOff(words).Lost, StringComparison.Ordinal);
        Refuses("prompt", () => pipeline.Condition(words));
        Assert.Equal(pipeline.Condition("a")["text"].shape, pipeline.Condition(words, truncate: true)["text"].shape);
        Condition one = pipeline.Condition("a");
        Assert.Throws<InvalidOperationException>(() => pipeline.Inpainting(one, zeros(1, 3, 32, 32), zeros(1, 1, 32, 32)));
        Assert.Contains("\"pooled\"", Assert.ThrowsAny<Exception>(() => pipeline.Sampler(2, 1, size: (32, 32)).Sample(
            pipeline.DrawStart(1, 32, 32), Condition.Of(("text", one["text"])))).ToString(), StringComparison.Ordinal);
        string path = Goldens.PathTo("pipelines", name);
        Refuses("weights", () => DiffusionPipeline.FromPretrained(path, weights: "model.safetensors"));
        Refuses("prediction", () => DiffusionPipeline.FromPretrained(path, prediction: Prediction.Noise));
        string Refuses(string parameter, Func<object> call) => Refused(parameter, () => { call(); });
    }

    private static string Refused(string parameter, Action call)
    {
        InputException error = Assert.Throws<InputException>(call);
        Assert.Equal(parameter, error.ParamName);
        return error.Message;
    }

    // Packed where those of the golden are.
    private static Tensor AsThere(Tensor golden, Tensor latents) => golden.dim() == 4 ? latents : Patches.Of(latents, 2);

    // The difference from the largest value.
    private static void Near(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        double distance = ((actual - expected).abs().max() / expected.abs().max()).to(ScalarType.Float64).item<double>();
        Assert.True(distance <= tolerance, $"{distance:E2} of the largest value, allowed {tolerance:E2}");
    }
}
