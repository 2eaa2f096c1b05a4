using System.Text.Json;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Sampling;

/// <summary>costate edit.</summary>
public sealed class EditCommandTests : InversionFiles
{
    [Fact]
    public void Edit_OfALatent_IsThatOfItsSample()
    {
        using var scope = NewDisposeScope();
        string[] settings = Inputs("--solver", "rex:euler", "--steps", "6");
        Tool.Done(["invert", picture, .. settings, "--output", folder.PathTo("out")]);
        Tool.Done(["edit", picture, .. settings, "--edit-condition", otherCondition, "--output", folder.PathTo("sample")]);
        string latent = folder.PathTo("out", "latent.safetensors");
        Tool.Done(["edit", latent, "--model", Tool.Model, "--edit-condition", otherCondition, "--output", folder.PathTo("latent")]);
        Assert.True(Read("latent", "edit.safetensors", "sample").equal(Read("sample", "edit.safetensors", "sample")).all().item<bool>());
        Assert.True(Read("latent", "edit.safetensors", "original").allclose(PictureTensor(), rtol: 0, atol: 1e-6));
        Fails(
            2,
            ["edit", latent, "--model", Tool.Model, "--edit-condition", otherCondition, "--strength", "0.5"],
            "Got 0.5 for --strength");
        Fails(
            2,
            ["edit", latent, "--model", Tool.Model, "--edit-condition", otherCondition, "--shape", "3,8,4"],
            "Got 3,8,4 for --shape",
            "3,8,8");
        Fails(
            2,
            ["edit", latent, "--model", Tool.Model, "--edit-condition", otherCondition, "--dtype", "float64"],
            "Got float64 for --dtype",
            "float32");
        Tool.Done([
            "edit",
            latent,
            "--model",
            Tool.Model,
            "--edit-condition",
            otherCondition,
            "--shape",
            "3,8,8",
            "--dtype",
            "float32",
            "--strength",
            "1",
            "--output",
            folder.PathTo("latent"),
        ]);
    }

    [Theory]
    [InlineData("0.07", 100, 7)]
    [InlineData("0.29", 100, 29)]
    [InlineData("0.071", 100, 8)]
    [InlineData("1e-300", 100, 1)]
    [InlineData("1", 3, 3)]
    public void Strength_IsOfSoManySteps(string strength, int steps, int gone)
    {
        ToolRun run = Tool.Done([
            "edit",
            picture,
            .. Inputs("--solver", "ddim", "--steps", $"{steps}"),
            "--edit-condition",
            otherCondition,
            "--strength",
            strength,
            "--json",
            "--output",
            folder.PathTo("out"),
        ]);
        Assert.Equal(gone, JsonDocument.Parse(run.Output).RootElement.GetProperty("settings").GetProperty("steps").GetInt32());
    }

    [Fact]
    public void Edit_UnderTheSameCondition_ChangesNothing_UnderAnotherSomething()
    {
        using var scope = NewDisposeScope();
        Tool.Done(["edit", picture, .. Inputs(), "--edit-condition", condition, "--output", folder.PathTo("same")]);
        Assert.True(Read("same", "edit.safetensors", "sample").allclose(PictureTensor(), rtol: 0, atol: 1e-6));
        Tool.Done(["edit", picture, .. Inputs(), "--edit-condition", otherCondition, "--output", folder.PathTo("other")]);
        Assert.True((Read("other", "edit.safetensors", "sample") - PictureTensor()).abs().max().item<float>() > 0.01f);
        Assert.True(Read("other", "edit.safetensors", "original").allclose(PictureTensor()));
        using SKBitmap pair = SKBitmap.Decode(folder.PathTo("other", "sheet.png"));
        Assert.Equal((134, 68), (pair.Width, pair.Height));
        using SKBitmap edited = SKBitmap.Decode(folder.PathTo("other", "edit.png"));
        Assert.Equal((8, 8), (edited.Width, edited.Height));
        Assert.Equal(edited.GetPixel(3, 5), pair.GetPixel(66 + 2 + (3 * 8) + 4, 2 + (5 * 8) + 4));
    }

    [Fact]
    public void Edit_OfLessStrength_ChangesLess()
    {
        using var scope = NewDisposeScope();
        double Change(string strength)
        {
            Tool.Done([
                "edit",
                picture,
                .. Inputs(),
                "--edit-condition",
                otherCondition,
                "--strength",
                strength,
                "--output",
                folder.PathTo("s" + strength),
            ]);
            return (Read("s" + strength, "edit.safetensors", "sample") - PictureTensor()).abs().max().item<float>();
        }

        Assert.InRange(Change("0.25"), 1e-6, 0.95 * Change("1"));
        Tool.Fails(
            2,
            ["edit", picture, .. Inputs(), "--edit-condition", otherCondition, "--strength", "0"],
            "Got 0 for --strength",
            "at most 1");
    }

    [Fact]
    public void Edit_NeedsBothConditions()
    {
        Tool.Fails(2, ["edit", picture, .. Inputs()], "--edit-condition");
        Tool.Fails(2, ["edit", picture, .. Inputs("--condition", null), "--edit-condition", condition], "--condition");
        Fails(["edit", picture, .. Inputs(), "--edit-condition", Tool.Condition], "--edit-condition", "[2, 5]", "batch of 1");
    }
}
