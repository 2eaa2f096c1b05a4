using Costate.Cli.Tests.Commands.Morph;
using Costate.Testing;

namespace Costate.Cli.Tests.Commands.Galleries;

public sealed class GalleryCommandTests : MorphRuns
{
    [Fact]
    public void Batch_LeavesAPage_AndTheCommandMakesTheSame()
    {
        Assert.Equal(0, Batch(Folder.Write("pairs.csv", "a.png,b.jpg,one\nb.jpg,a.png,two\n")).ExitCode);
        byte[] page = File.ReadAllBytes(Folder.PathTo("out", "gallery.html"));
        string text = System.Text.Encoding.UTF8.GetString(page);
        Assert.All(
            (string[])["one/morph.png", "two/strip.png", "\"bestIteration\"", "\"settings.steps\",4"],
            part => Assert.Contains(part, text));

        ToolRun run = Tool.Done("gallery", Folder.PathTo("out"), "--output", Folder.PathTo("page.html"));
        Assert.Equal(page, File.ReadAllBytes(Folder.PathTo("page.html")));
        Assert.Contains("6 pictures", run.Output);

        File.WriteAllText(Folder.PathTo("out", "one", "morph.png"), "no picture");
        ToolRun damaged = Tool.Run("gallery", Folder.PathTo("out"));
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("Left out one/morph.png, which cannot be read", damaged.Error);
        Assert.Contains("5 pictures", damaged.Output);
        Assert.NotEqual(page, File.ReadAllBytes(Folder.PathTo("out", "gallery.html")));
    }

    [Fact]
    public void Samples_ShowThemselves_AndNothingThatLaysThere()
    {
        Directory.CreateDirectory(Folder.PathTo("samples"));
        Pictures.Write(Folder.PathTo("samples", "holiday.png"), 8, 8);
        Tool.Done([
            "sample", "--model", Tool.Model, "--schedule", "vp-linear", "--prediction", "data",
            "--condition", Condition(), "--shape", "3,8,8",
            "--steps", "2", "--batch", "2", "--output", Folder.PathTo("samples"),
        ]);
        string page = File.ReadAllText(Folder.PathTo("samples", "gallery.html"));
        Assert.Contains("sample-2.png", page);
        Assert.DoesNotContain("holiday", page);
        Assert.Contains("gallery.html", File.ReadAllText(Folder.PathTo("samples", "result.json")));
    }

    [Fact]
    public void BadInput_IsNamed()
    {
        Tool.Fails(1, ["gallery", Folder.FullName], "has no results of costate", Folder.FullName);
        Tool.Fails(1, ["gallery", Folder.PathTo("nowhere")], "There is no folder", "nowhere");
        Tool.Fails(2, ["gallery", Folder.FullName, "--output", A], "--output", "ends in .html");
        Tool.Fails(2, ["gallery"], "FOLDER");
        Folder.Write("out/result.json", """{"command": "sample"}""");
        Directory.CreateDirectory(Folder.PathTo("out", "gallery.html"));
        Tool.Fails(1, ["gallery", Folder.PathTo("out")], "it is a folder");
        Assert.Equal(["a.png", "b.jpg"], Folder.Files);
    }

    private string Condition()
    {
        using TorchSharp.DisposeScope scope = TorchSharp.torch.NewDisposeScope();
        Networks.SafetensorsFile.Write(
            Folder.PathTo("cond.safetensors"), new Dictionary<string, TorchSharp.torch.Tensor> { ["z"] = StartNoise.Draw([1, 5], 1) });
        return Folder.PathTo("cond.safetensors");
    }
}
