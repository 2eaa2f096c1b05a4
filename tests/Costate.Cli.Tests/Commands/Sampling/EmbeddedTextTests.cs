using System.Text.Json;
using Costate.Networks;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Sampling;

/// <summary>The commands that sample, by words without <c>--model</c>: a text-to-image model of random weights.</summary>
public sealed class EmbeddedTextTests : IDisposable
{
    private const string Text = "a person with curly red hair";

    private readonly TemporaryFolder folder = new();
    private readonly string face;
    private readonly string[] quick;

    public EmbeddedTextTests()
    {
        face = Pictures.Write(folder.PathTo("face.png"), 150, 130, (x, y) => new SKColor((byte)x, (byte)(255 - y), 128));
        quick = ["--weights", TinyWeights.Write(folder.PathTo("weights"), calibrated: false), "--steps", "3"];
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Prompt_ChoosesTheTextModel_WhichIsThatOfTheFolder()
    {
        using var scope = NewDisposeScope();
        Done("sample", [], "out", "--prompt", Text, "--seed", "3");
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder.PathTo("weights", "text"));
        Tensor expected = pipeline.Sampler(3, guidanceScale: 3).Sample(pipeline.DrawStart(3, 128, 128), pipeline.Condition(Text));
        Near.Equal(expected, Read("out", "sample.safetensors"), 1e-6);
        JsonElement settings = JsonDocument.Parse(File.ReadAllText(folder.PathTo("out", "result.json"))).RootElement.GetProperty("settings");
        Assert.Equal("embedded text", settings.GetProperty("model").GetString());
        Assert.Equal(3, settings.GetProperty("guidanceScale").GetDouble());
        using SKBitmap picture = SKBitmap.Decode(folder.PathTo("out", "sample.png"));
        Assert.Equal((128, 128), (picture.Width, picture.Height));
    }

    [Fact]
    public void Decode_GivesLatentsBack_AndKnowsTheModel()
    {
        using var scope = NewDisposeScope();
        Done("sample", [], "a", "--prompt", Text);
        Done("invert", [$"{folder.PathTo("a", "sample.safetensors")}:sample"], "b", "--prompt", Text);
        ToolRun run = Done("decode", [folder.PathTo("b", "latent.safetensors")], "c");
        Assert.Equal(Read("a", "sample.safetensors").data<float>().ToArray(), Read("c", "sample.safetensors").data<float>().ToArray());
        Fails(["decode", folder.PathTo("b", "latent.safetensors"), "--embedded", "faces"], "--embedded");
        Fails(["decode", folder.PathTo("b", "latent.safetensors"), "--prompt", "a beard"], "--prompt", Text);
    }

    [Fact]
    public void Edit_UnderTheSameWords_ChangesNothing()
    {
        using var scope = NewDisposeScope();
        Done("edit", [face], "same", "--from", Text, "--prompt", Text);
        Done("edit", [face], "other", "--from", Text, "--prompt", "a person with a beard");
        Done("invert", [face], "inverted", "--embedded", "text", "--prompt", Text);
        Done("edit", [folder.PathTo("inverted", "latent.safetensors")], "later", "--prompt", "a person with a beard");
        using SafetensorsFile same = SafetensorsFile.Open(folder.PathTo("same", "edit.safetensors"));
        using SafetensorsFile other = SafetensorsFile.Open(folder.PathTo("other", "edit.safetensors"));
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder.PathTo("weights", "text"));
        Tensor picture = Costate.Faces.Morphs.FacePicture.ReadMiddle("face", File.ReadAllBytes(face), 128, 128);
        Tensor latent = pipeline.Encode(picture);
        Assert.Equal(latent.data<float>().ToArray(), same.Read("sample").data<float>().ToArray());
        Assert.False(latent.equal(other.Read("sample")).all().item<bool>());

        // A latent that was kept is edited to the same.
        using SafetensorsFile later = SafetensorsFile.Open(folder.PathTo("later", "edit.safetensors"));
        Assert.Equal(other.Read("sample").data<float>().ToArray(), later.Read("sample").data<float>().ToArray());
    }

    [Fact]
    public void GuidedToAPrompt_TheLossIsOneLessTheLikeness_AndTheModelIsToldNothing()
    {
        using var scope = NewDisposeScope();
        ToolRun run = Done("guide", [], "out", "--task", "prompt", "--prompt", Text, "--strength", "100", "--json");
        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        double loss = report.GetProperty("samples")[0].GetProperty("loss").GetDouble();
        Assert.InRange(loss, 0, report.GetProperty("unguided")[0].GetProperty("loss").GetDouble() - 1e-4);
        Assert.Equal(Text, report.GetProperty("settings").GetProperty("prompt").GetString());

        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(folder.PathTo("weights", "text"));
        using var likeness = Costate.Faces.Recognition.TextLikeness.Of(pipeline);
        Tensor picture = Costate.Faces.Morphs.FacePicture.ReadMiddle("result", File.ReadAllBytes(folder.PathTo("out", "result.png")), 128, 128);

        // A picture of 8 bits.
        Assert.Equal(1 - loss, likeness.Score(picture, [Text]).item<float>(), 0.01);
        Fails(["guide", "--task", "prompt"], "--prompt");
        Fails(["guide", "--task", "prompt", "--prompt", Text, "--guidance-scale", "3"], "--guidance-scale");
    }

    [Fact]
    public void Words_ThatNoCaptionHas_AreNamed()
    {
        ToolRun run = Done("sample", [], "out", "--prompt", "a zebra with glases");
        Assert.Contains("zebra, glases (like glasses", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("No caption", Done("sample", [], "out", "--prompt", Text).Error, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoModels_AreRefused()
    {
        Fails(["sample", "--embedded", "faces", "--prompt", Text], "--prompt", "--embedded text");
        Fails(["sample", "--embedded", "text"], "--prompt");
        Fails(["sample", "--embedded", "text", "--prompt", Text, "--condition-from", face], "--condition-from", "text-to-image");
        Fails(["sample", "--embedded", "text", "--model", folder.FullName, "--prompt", Text], "--model", "--embedded");
        Tool.Fails(2, ["sample", "--embedded", "people", "--prompt", Text], "people");
    }

    private ToolRun Done(string command, string[] arguments, string output, params string[] more) =>
        Tool.Done([command, .. arguments, .. quick, "--output", folder.PathTo(output), .. more]);

    private void Fails(string[] arguments, params string[] texts) => Tool.Fails(2, [.. arguments, .. quick], texts);

    private Tensor Read(string output, string file)
    {
        using SafetensorsFile read = SafetensorsFile.Open(folder.PathTo(output, file));
        return read.Read("sample");
    }
}
