using System.Text.Json;
using Costate.Experiments.Guided;
using Costate.Faces.Guidance;
using Costate.Networks;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Guide;

public sealed class GuideCommandTests : GuideRuns
{
    [Theory]
    [InlineData("--task inpaint")]
    [InlineData("--task inpaint --hidden 0.7 --noise 0.05")]
    [InlineData("--task inpaint --box 2,3,4,5 --samples 2")]
    [InlineData("--task super-resolution")]
    [InlineData("--task super-resolution --bicubic --factor 2")]
    [InlineData("--task deblur")]
    [InlineData("--task deblur --motion-blur 5 --code mean")]
    [InlineData("--task identity")]
    [InlineData("--task identity --code observed")]
    public void EveryTask_WritesItsFiles(string options)
    {
        JsonElement report = Report([Face, .. options.Split(' '), "--steps", "4"]);
        Assert.Equal(GuideReport.AllFiles.Order(), Directory.GetFileSystemEntries(Folder.PathTo("out")).Select(Path.GetFileName).Order());
        using SKBitmap result = SKBitmap.Decode(Folder.PathTo("out", "result.png"));
        Assert.Equal((16, 16), (result.Width, result.Height));
        int samples = options.Contains("--samples 2", StringComparison.Ordinal) ? 2 : 1;
        Assert.Equal(samples, report.GetProperty("samples").GetArrayLength());
        Assert.Equal(samples, report.GetProperty("unguided").GetArrayLength());
        JsonElement first = report.GetProperty("samples")[0];
        Assert.All(
            (string[])["loss", "psnr", "ssim", "identitySimilarity"],
            name => Assert.True(double.IsFinite(first.GetProperty(name).GetDouble()), name));
        Assert.Equal(
            (4, 4),
            (report.GetProperty("networkEvaluations").GetInt32(), report.GetProperty("vectorJacobianProducts").GetInt32()));
        Assert.Equal(4, report.GetProperty("losses")[0].GetArrayLength());

        // The picture, what is seen of it, without guidance, four predictions, the result.
        using SKBitmap strip = SKBitmap.Decode(Folder.PathTo("out", "strip.png"));
        Assert.Equal(8 * samples, (strip.Width - 2) / 130 * ((strip.Height - 2) / 130));
    }

    [Fact]
    public void EveryMethod_Runs_AndIsRepeatable()
    {
        foreach (GuideMethod method in GuideMethod.All)
        {
            string[] options =
            [
                "--task",
                "inpaint",
                "--method",
                method.Name,
                "--steps",
                "4",
                .. method.Iterations > 0 ? (string[])["--iterations", "2"] : [],
                "--seed",
                "5",
            ];
            string once = Samples(options);
            Assert.Equal(once, Samples(options));
        }

        string Samples(string[] options) => Report(options).GetProperty("samples").ToString();
    }

    [Theory]
    [InlineData("--lookahead", "2")]
    [InlineData("--lookahead", "all")]
    [InlineData("--lookahead", "2", "--scheme", "midpoint")]
    [InlineData("--lookahead", "2", "--scheme", "dpm++2m", "--eta", "0.5", "--clip", "1")]
    public void Lookahead_CostsMore(params string[] options)
    {
        JsonElement report = Report([Face, "--task", "deblur", "--steps", "4", .. options]);
        Assert.True(report.GetProperty("networkEvaluations").GetInt32() > 4);
        Assert.Contains("lookahead", report.GetProperty("settings").ToString());
    }

    [Fact]
    public void Guidance_LowersTheLoss()
    {
        JsonElement report = Report([
            Face,
            "--task",
            "super-resolution",
            "--steps",
            "30",
            "--method",
            "end-to-end",
            "--iterations",
            "10",
            "--optimise",
            "noise",
        ]);
        Assert.True(Loss("samples") < Loss("unguided"), report.ToString());

        double Loss(string which) => report.GetProperty(which)[0].GetProperty("loss").GetDouble();
    }

    [Fact]
    public void Divergence_IsReportedForEachSample()
    {
        ToolRun run = Guide([Face, "--task", "deblur", "--steps", "4", "--strength", "1e9", "--samples", "2", "--json"]);
        Assert.Equal(1, run.ExitCode);
        Assert.All(
            (string[])["Sample 0 diverged at step", "Sample 1 diverged at step", "smaller --strength"],
            text => Assert.Contains(text, run.Error));
        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Contains("step", report.GetProperty("samples")[1].GetProperty("diverged").GetString());
        Assert.Equal(JsonValueKind.Null, report.GetProperty("samples")[1].GetProperty("loss").ValueKind);
        Assert.Equal(JsonValueKind.Null, report.GetProperty("best").ValueKind);
    }

    [Theory]
    [InlineData("red-diff", "step")]
    [InlineData("greedy-dim", "step")]
    [InlineData("end-to-end", "iteration")]
    [InlineData("flowgrad", "iteration")]
    public void Divergence_OfEveryMethod_IsReported(string method, string part)
    {
        ToolRun run = Guide([Face, "--task", "deblur", "--method", method, "--steps", "4", "--strength", "1e37", "--json"]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"Sample 0 diverged at {part} ", run.Error);
        JsonElement sample = JsonDocument.Parse(run.Output).RootElement.GetProperty("samples")[0];
        Assert.All(
            (string[])["loss", "psnr", "ssim", "identitySimilarity"],
            name => Assert.Equal(JsonValueKind.Null, sample.GetProperty(name).ValueKind));
        Assert.True(File.Exists(Folder.PathTo("out", "result.png")));
    }

    [Fact]
    public void OwnLoss_GuidesTheEmbeddedModelAndTheUsers()
    {
        using var scope = NewDisposeScope();
        string loss = ScriptArchive.Write(Folder.PathTo("loss.pt"), ["x"], "return torch.sum(torch.square(x), [1, 2, 3])");
        Report([Face, "--task", "custom-torchscript-loss", "--loss", loss, "--steps", "3", "--strength", "0.1"]);
        SafetensorsFile.Write(Folder.PathTo("z.safetensors"), new Dictionary<string, Tensor> { ["z"] = zeros(1, 5) });
        string[] own =
        [
            "--model",
            Tool.Model,
            "--schedule",
            "vp-linear",
            "--prediction",
            "data",
            "--condition",
            Folder.PathTo("z.safetensors"),
            "--steps",
            "3",
        ];
        string picture = Pictures.Write(Folder.PathTo("picture.png"), 8, 8);
        JsonElement report = Report([
            picture,
            "--task",
            "custom-torchscript-loss",
            "--loss",
            loss,
            "--strength",
            "0.1",
            "--samples",
            "2",
            .. own,
        ]);
        Assert.Equal(JsonValueKind.Null, report.GetProperty("samples")[0].GetProperty("identitySimilarity").ValueKind);
        Report([picture, "--task", "deblur", "--strength", "1", .. own]);
        Refused(2, [picture, "--task", "identity", .. own], "--task identity with --model");
        Refused(2, [picture, "--task", "deblur", "--code", "mean", .. own], "--code with --model");
        Refused(2, ["--task", "deblur", .. own], "--model needs one");

        string bad = ScriptArchive.Write(
            Folder.PathTo("bad.pt"),
            ["x"],
            "return torch.log(torch.mul(torch.sum(torch.abs(x), [1, 2, 3]), -1.))");
        Refused(1, [Face, "--task", "custom-torchscript-loss", "--loss", bad, "--steps", "3"], "NaN", "step 0", "item");
        string flat = ScriptArchive.Write(Folder.PathTo("flat.pt"), ["x"], "return torch.sum(x)");
        Refused(
            1,
            [Face, "--task", "custom-torchscript-loss", "--loss", flat, "--steps", "3", "--samples", "2"],
            "1 values for a batch of 2");
        Refused(1, [Face, "--task", "custom-torchscript-loss", "--loss", "none.pt"], "--loss", "none.pt", "no such file");
        Assert.False(Directory.Exists(Folder.PathTo("refused")));
    }

    [Theory]
    [InlineData("--task inpaint --method magic", "magic for --method", "dps, freedom, lgd-mc", "oc-flow")]
    [InlineData("--task paint", "paint for --task", "inpaint, super-resolution, deblur, identity, prompt, custom-torchscript-loss")]
    [InlineData("--task inpaint --factor 2", "--factor with --task inpaint", "super-resolution")]
    [InlineData("--task identity --noise 0.1", "--noise with --task identity")]
    [InlineData("--task deblur --loss loss.pt", "--loss with --task deblur")]
    [InlineData("--task custom-torchscript-loss", "without --loss")]
    [InlineData("--task inpaint --box 1,2,3", "--box 1,2,3", "16,16,32,32")]
    [InlineData("--task inpaint --box 1,2,3,4 --hidden 0.5", "--box and --hidden")]
    [InlineData("--task inpaint --hidden 1", "Got 1 for --hidden", "between 0 and 1")]
    [InlineData("--task inpaint --lookahead 0", "Got 0 for --lookahead", "or all")]
    [InlineData("--task inpaint --lookahead 2 --scheme ddpm", "ddpm, which is", "--scheme", "stochastic")]
    [InlineData("--task inpaint --method mpgd --lookahead 2", "--lookahead with --method mpgd", "such as greedy")]
    [InlineData("--task inpaint --method end-to-end --eta 1", "--eta with --method end-to-end")]
    [InlineData("--task inpaint --method dps --iterations 3", "--iterations with --method dps", "end-to-end")]
    [InlineData("--task inpaint --method dps --optimise code", "--optimise with --method dps")]
    [InlineData("--task inpaint --method end-to-end --strength 0", "--strength 0", "learning rate")]
    [InlineData("--task inpaint --schedule vp-linear", "--schedule without --model")]
    [InlineData("--task inpaint --model a.pt", "--model without --schedule")]
    [InlineData("--task inpaint --model a.pt --weights b", "--weights with --model")]
    [InlineData("--task inpaint --steps 1", "Got 1 for --steps", "from 2")]
    public void OptionsThatAreWrong_AreBadUsage(string options, params string[] says) => Refused(2, options.Split(' '), says);
}
