using System.Text;
using System.Text.Json;
using Costate.Networks;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Guide;

/// <summary>Guidance of the pictures that folders of pipelines decode, beside the library.</summary>
public sealed class GuidePipelineGoldenTests : IDisposable
{
    private const string Text = "a photograph of a horse";

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Folders =>
    [
        .. Directory.EnumerateDirectories(Goldens.PathTo("pipelines"))
            .Where(folder => File.ReadAllText(Path.Combine(folder, "model_index.json")).Contains("StableDiffusion", StringComparison.Ordinal)
                && File.Exists(Path.Combine(folder, "unet", "config.json")))
            .Select(folder => Path.GetFileName(folder)!),
    ];

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Folders))]
    public void OwnLoss_IsOfTheDecodedPicture(string name)
    {
        using var scope = NewDisposeScope();
        string path = Goldens.PathTo("pipelines", name);
        JsonElement report = Report("--model", path, "--prompt", Text, "--negative", "blurry", "--guidance-scale", "3", "--loss", Loss(), "--steps", "4", "--strength", "40", "--seed", "5");
        Assert.Equal("custom-torchscript-loss", report.GetProperty("task").GetString());
        Assert.True(Of(report, "samples") < Of(report, "unguided"), report.ToString());

        // The library's guided sampler, with the loss on decoded pictures; on latents, as a control, it draws another picture.
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(path);
        (int height, int width) = pipeline.PictureSize;
        Func<Tensor, Tensor> far = x => x.sub(0.5).square().mean([1L, 2L, 3L]);
        Assert.InRange(Distance(x => far(pipeline.Decode(x))), 0, 2);
        Assert.True(Distance(far) > 2);

        double Distance(Func<Tensor, Tensor> loss)
        {
            var sampler = new GuidedSampler(
                pipeline.Guided(3, "blurry"),
                pipeline.Scheduler.Schedule,
                pipeline.Scheduler.ForSteps(4).Grid,
                new GuidanceOptions { StateStrength = 40 });
            Tensor drawn = sampler.Sample(pipeline.DrawStart(5, height, width), pipeline.Condition(Text), loss).Sample;
            using SKBitmap shown = SKBitmap.Decode(folder.PathTo("out", "result.png"));
            Assert.Equal((width, height), (shown.Width, shown.Height));
            using IDisposable noGraph = no_grad();
            Tensor reds = pipeline.Decode(drawn)[0, 0].add(1).mul(127.5).clamp(0, 255);
            return Enumerable.Range(0, width).Max(x => Math.Abs(shown.GetPixel(x, height / 2).Red - reds[height / 2, x].item<float>()));
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Measurements_AreOfPictures(string name)
    {
        string path = Goldens.PathTo("pipelines", name);
        string picture = Pictures.Write(folder.PathTo("picture.png"), 48, 40);
        foreach (string options in new[] { "--task inpaint --hidden 0.5", "--task super-resolution --factor 2 --method red-diff", "--task deblur --method end-to-end --iterations 2" })
        {
            JsonElement report = Report([picture, .. options.Split(' '), "--model", path, "--prompt", Text, "--steps", "3"]);
            Assert.Equal(Text, report.GetProperty("settings").GetProperty("prompt").GetString());
            Assert.True(double.IsFinite(report.GetProperty("samples")[0].GetProperty("psnr").GetDouble()));
        }

        string png = Encoding.Latin1.GetString(File.ReadAllBytes(folder.PathTo("out", "result.png")));
        Assert.Contains(Text, png, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsWrong_IsNamed()
    {
        string path = Goldens.PathTo("pipelines", "sd1");
        string[] guide = ["guide", "--model", path, "--output", folder.PathTo("out")];
        Tool.Fails(2, guide, "neither --task nor --loss");
        Tool.Fails(2, [.. guide, "--loss", "loss.pt"], "Got no --prompt");
        Tool.Fails(2, [.. guide, "--loss", "loss.pt", "--prompt", Text, "--schedule", "vp-linear"], "--schedule", "a pipeline");
        Tool.Fails(2, [.. guide, "--loss", "loss.pt", "--prompt", Text, "--size", "30x30"], "--size", "8 divides");
        Tool.Fails(2, [.. guide, "--loss", "loss.pt", "--prompt", Text, "--clip", "1"], "--clip", "latents");
        Tool.Fails(2, [.. guide, "--task", "inpaint", "--prompt", Text], "Got no picture");
        Tool.Fails(2, [.. guide, "--task", "identity", "--prompt", Text], "--task identity with --model");
        Tool.Fails(1, [.. guide, "--loss", "none.pt", "--prompt", Text], "--loss none.pt", "no such file");
        Tool.Fails(2, ["guide", "--loss", "loss.pt", "--prompt", Text, "--model", Tool.Model], "--prompt", "no pipeline");
        Assert.False(Directory.Exists(folder.PathTo("out")));
    }

    private static double Of(JsonElement report, string which) => report.GetProperty(which)[0].GetProperty("loss").GetDouble();

    private string Loss() => ScriptArchive.Write(
        folder.PathTo("loss.pt"), ["x"], "return torch.mean(torch.square(torch.sub(x, 0.5)), [1, 2, 3])");

    private JsonElement Report(params string[] arguments) =>
        JsonDocument.Parse(Tool.Done(["guide", .. arguments, "--output", folder.PathTo("out"), "--json"]).Output).RootElement;
}
