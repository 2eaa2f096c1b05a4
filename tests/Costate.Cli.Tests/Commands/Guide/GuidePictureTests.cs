using System.Text.Json;
using Costate.Testing;
using SkiaSharp;

namespace Costate.Cli.Tests.Commands.Guide;

/// <summary>Pictures and masks as <c>costate guide</c> takes them.</summary>
public sealed class GuidePictureTests : GuideRuns
{
    [Fact]
    public void ObservedPicture_IsTakenAsItIs()
    {
        string small = Pictures.Write(Folder.PathTo("small.png"), 4, 4);
        JsonElement report = Report([small, "--task", "super-resolution", "--observed", "--steps", "3"]);
        Assert.Equal(JsonValueKind.Null, report.GetProperty("samples")[0].GetProperty("psnr").ValueKind);
        Refused(1, [Face, "--task", "super-resolution", "--observed"], "40 x 32", "expected 4 x 4");
        Refused(2, ["--task", "inpaint", "--observed"], "--observed");
    }

    [Fact]
    public void Mask_SaysWhatIsHidden()
    {
        string mask = Pictures.Write(Folder.PathTo("mask.png"), 16, 16, (x, _) => x < 8 ? SKColors.White : SKColors.Black);
        Report([Face, "--task", "inpaint", "--mask", mask, "--steps", "3"]);
        Refused(
            1,
            [Face, "--task", "inpaint", "--mask", Pictures.Write(Folder.PathTo("large.png"), 20, 16)],
            "large.png",
            "20 x 16",
            "16 x 16");
        Refused(
            1,
            [Face, "--task", "inpaint", "--mask", Pictures.Write(Folder.PathTo("white.png"), 16, 16, (_, _) => SKColors.White)],
            "white.png",
            "hides nothing");
        Refused(
            1,
            [Face, "--task", "inpaint", "--mask", Pictures.Write(Folder.PathTo("black.png"), 16, 16, (_, _) => SKColors.Black)],
            "black.png",
            "hides everything");
        Refused(1, [Face, "--task", "inpaint", "--mask", Folder.PathTo("none.png")], "none.png", "no such file");
        Refused(1, [Face, "--task", "inpaint", "--mask", Folder.Write("mask.txt", "white")], "mask.txt", "neither PNG, JPEG nor WebP");
        Refused(1, [Face, "--task", "inpaint", "--box", "0,0,20,4"], "20 x 4", "inside");
    }

    [Fact]
    public void Pictures_ThatDoNotFit_AreRefused()
    {
        Refused(1, [Folder.PathTo("none.png"), "--task", "inpaint"], "none.png", "no such file");
        Refused(1, [Folder.Write("text.png", "no"), "--task", "inpaint"], "text.png");
        Refused(1, [Face, "--task", "inpaint", "--code", Folder.PathTo("none.png")], "none.png");
        Assert.False(Directory.Exists(Folder.PathTo("refused")));
    }

    [Fact]
    public void StandardInput_IsThePictureOrTheMask()
    {
        byte[] picture = File.ReadAllBytes(Face);
        byte[] mask = File.ReadAllBytes(
            Pictures.Write(
                Folder.PathTo("mask.png"),
                TinyMorphModel.Side,
                TinyMorphModel.Side,
                (x, _) => x < 5 ? SKColors.White : SKColors.Black));
        string[] task = ["--task", "inpaint", "--steps", "4", "--json"];
        string expected = Samples([Face, .. task, "--mask", Folder.PathTo("mask.png")], []);
        Assert.Equal(expected, Samples(["-", .. task, "--mask", Folder.PathTo("mask.png")], picture));
        Assert.Equal(expected, Samples([Face, .. task, "--mask", "-"], mask));
        ToolRun both = Run(["-", .. task, "--mask", "-"], picture);
        Assert.Equal(1, both.ExitCode);
        Assert.Contains("Got --mask -, but the standard input was read for another", both.Error);

        string Samples(string[] arguments, byte[] input)
        {
            ToolRun run = Run(arguments, input);
            Assert.True(run.ExitCode == 0, run.Error);
            return JsonDocument.Parse(run.Output).RootElement.GetProperty("samples").ToString();
        }

        ToolRun Run(string[] arguments, byte[] input) =>
            Tool.Run(["guide", .. arguments, "--output", Folder.PathTo("out")], morphModel: TinyMorphModel.Load, input: input);
    }
}
