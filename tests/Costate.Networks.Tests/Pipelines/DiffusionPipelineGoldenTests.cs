using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>Whole pipelines against those of diffusers.</summary>
public sealed class DiffusionPipelineGoldenTests
{
    // A run in double precision differs by 6e-6 of the largest value; gradients go through five steps and the decoder besides.
    private const double Latents = 2e-5;
    private const double Images = 1e-4;

    public static TheoryData<string> Names => GoldenPipeline.Names;

    public static TheoryData<string, ScalarType> FoldersAndDtypes => [.. from folder in GoldenPipeline.Folders
        from dtype in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 }
        select new TheoryDataRow<string, ScalarType>(Path.GetFileName(folder), dtype)];

    public static TheoryData<string> SingleFiles => [.. from folder in GoldenPipeline.Folders
        let single = Path.Combine(folder, "single-file")
        where Directory.Exists(single)
        from file in Directory.GetFiles(single).Order(StringComparer.Ordinal)
        select Path.GetRelativePath(Goldens.PathTo("pipelines"), file)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_MatchesDiffusers(string name)
    {
        using var scope = NewDisposeScope();
        GoldenPipeline golden = GoldenPipeline.Read(name);
        using DiffusionPipeline pipeline = golden.Open();
        Condition text = pipeline.Condition(golden.Prompt, golden.ClipSkip, sizes: golden.Sizes);
        bool isDouble = pipeline.TextEncoder2 is not null;
        Near(golden.Expected["prompt_embeds"], text["text"], Latents);
        Condition negative = pipeline.Condition(golden.Negative ?? "");
        Condition none = isDouble && golden.Negative is null ? negative.Map(entry => entry with { Values = entry.Values * 0 }) : negative;
        Near(golden.Expected["negative_prompt_embeds"], none["text"], Latents);
        if (isDouble)
        {
            Near(golden.Expected["pooled_prompt_embeds"], text["pooled"], Latents);
            Near(golden.Expected["negative_pooled_prompt_embeds"], none["pooled"], Latents);
        }

        Sampler sampler = pipeline.Sampler(golden.Steps, golden.Guidance, golden.Negative);
        double[] told = [.. sampler.Grid.NetworkTimes.Take(golden.Steps)
            .Select(t => Math.Round((t * pipeline.Scheduler.TrainingTimesteps!.Value) - 1))];
        Assert.Equal(golden.Of("timesteps").data<long>().Select(t => (double)t), told);
        Tensor cotangent = golden.Expected["cotangent.image"];
        var states = new SortedDictionary<int, float[]>();
        StepLoss Kept(int point) => StepLoss.AtState(point, x =>
        {
            states[point] = x.detach().contiguous().data<float>().ToArray();
            return x.sum([1, 2, 3]) * 0;
        });
        SampleGradient gradient = sampler.Gradient(
            golden.Expected["input.latents"],
            text,
            x => (pipeline.Decode(x) * cotangent).sum([1, 2, 3]),
            losses: [.. Enumerable.Range(1, golden.Steps - 1).Select(Kept)]);
        Assert.Equal(golden.Steps - 1, states.Count);
        foreach ((int point, float[] state) in states)
        {
            Near(golden.Of($"latents.{point}").flatten(), tensor(state), Latents);
        }

        Near(golden.Of($"latents.{golden.Steps}"), gradient.Sample, Latents);
        Near(golden.Of("image"), pipeline.Decode(gradient.Sample), Images);
        Near(golden.Of("vjp.latents"), gradient.StartNoise, Images);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void FolderItself_SamplesAndReachesTheText(string name)
    {
        using var scope = NewDisposeScope();
        GoldenPipeline golden = GoldenPipeline.Read(name);
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(golden.Folder);
        int factor = pipeline.Codec.Config.Factor;
        Condition text = pipeline.Condition([golden.Prompt, ""]);
        Tensor start = pipeline.DrawStart(new ulong[] { 1, 2 }, 8 * factor, 6 * factor, batch: 2);
        SampleGradient gradient = pipeline.Sampler(4).Gradient(start, text, x => pipeline.Decode(x).square().sum([1, 2, 3]));
        Assert.Equal(text.Names.Order(), gradient.Conditions.Keys.Order());
        Assert.All(text.Names, part =>
        {
            Assert.Equal(text[part].shape, gradient.Conditions[part].shape);
            Assert.True(gradient.Conditions[part][1].abs().max().item<float>() > 0);
        });

        // An item is the same in any batch.
        Tensor second = pipeline.Sampler(4).Sample(pipeline.DrawStart(2, 8 * factor, 6 * factor), pipeline.Condition(""));
        Near(second[0], gradient.Sample[1], Latents);
        using Model model = DiffusionPipeline.FromPretrained(golden.Folder).ToModel();
        Near(second, model.Sampler(pipeline.Scheduler.ForSteps(4).Solver, 4).Sample(
            model.DrawStart([1, .. start.shape[1..]], 2), pipeline.Condition("")), 0);
    }

    [Theory]
    [MemberData(nameof(FoldersAndDtypes))]
    public void RexOfAPicture_ComesBackToTheLastBit(string folder, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Goldens.PathTo("pipelines", folder), dtype);
        int factor = pipeline.Codec.Config.Factor;
        Tensor image = StartNoise.Draw([2, 3, 8 * factor, 4 * factor], 3).tanh().to(dtype);
        Tensor latent = pipeline.Encode(image);
        Assert.Equal((dtype, 4L), (latent.dtype, latent.shape[3]));
        Condition text = pipeline.Condition(["a cat", "a dog"]);
        Sampler sampler = pipeline.Sampler(6, 3, "ugly", Solver.Rex(ButcherTableau.Euler));
        using NoiseState state = sampler.Invert(latent, text);
        Tensor back = sampler.Sample(state, text);
        Assert.True(back.eq(latent).all().ToBoolean());
        Assert.True(pipeline.Decode(back).eq(pipeline.Decode(latent)).all().ToBoolean());
        Assert.False(sampler.Sample(state, pipeline.Condition(["a horse", "a horse"])).eq(latent).all().ToBoolean());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Strength_TakesTheLastSteps(string name)
    {
        using var scope = NewDisposeScope();
        GoldenPipeline golden = GoldenPipeline.Read(name);
        using DiffusionPipeline pipeline = golden.Open();
        Condition text = pipeline.Condition(golden.Prompt, golden.ClipSkip, sizes: golden.Sizes);
        Sampler last = pipeline.Sampler(golden.Steps, golden.Guidance, golden.Negative, strength: 0.6);
        Sampler all = pipeline.Sampler(golden.Steps, golden.Guidance, golden.Negative);
        Assert.Equal(all.Grid.Times.Skip(golden.Steps - 3), last.Grid.Times);
        Assert.Equal(all.Grid.NetworkTimes.Skip(golden.Steps - 3), last.Grid.NetworkTimes);
        if (golden.Scheduler == "DDIMScheduler")
        {
            // A method of one step goes on as if it had come from noise.
            Near(golden.Of($"latents.{golden.Steps}"), last.Sample(golden.Of($"latents.{golden.Steps - 3}"), text), Latents);
        }

        // Half of the way the picture is half noise.
        Tensor latent = golden.Expected["input.latents"];
        Tensor start = pipeline.Noised(latent, 3, last);
        double alpha = pipeline.Scheduler.Schedule.Alpha(last.Grid.Start), sigma = pipeline.Scheduler.Schedule.Sigma(last.Grid.Start);
        Near((latent * alpha) + (StartNoise.Draw(latent.shape, 3) * sigma), start, Latents);
        Assert.True(last.Sample(start, text).isfinite().all().ToBoolean());
    }

    [Theory]
    [MemberData(nameof(SingleFiles))]
    public void SingleFile_IsTheFolder(string file)
    {
        using var scope = NewDisposeScope();
        string single = Path.Combine(Goldens.PathTo("pipelines"), file);
        string folder = Path.GetDirectoryName(Path.GetDirectoryName(single)!)!;
        using DiffusionPipeline expected = DiffusionPipeline.FromPretrained(folder);
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder, weights: single);
        Assert.Equal(single, pipeline.Source);
        Tensor start = pipeline.DrawStart(1, 64, 64);
        Near(
            expected.Decode(expected.Sampler(4).Sample(start, expected.Condition("a cat"))),
            pipeline.Decode(pipeline.Sampler(4).Sample(start, pipeline.Condition("a cat"))),
            0);
        Near(expected.Encode(start[.., ..3]), pipeline.Encode(start[.., ..3]), 0);
    }

    // The difference from the largest value.
    private static void Near(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        if (expected.abs().max().item<float>() == 0)
        {
            Assert.Equal(0, actual.abs().max().item<float>());
            return;
        }

        double distance = ((actual - expected).abs().max() / expected.abs().max()).to(ScalarType.Float64).item<double>();
        Assert.True(distance <= tolerance, $"{distance:E2} of the largest value, allowed {tolerance:E2}");
    }
}
