using System.Text.Json;
using Costate.Faces.Models;
using Costate.Faces.Sampling;
using Costate.Networks;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Sampling;

/// <summary>The commands that sample, without <c>--model</c>: a face model of random weights.</summary>
public sealed class EmbeddedSamplingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly string a;
    private readonly string b;
    private readonly string[] quick;

    public EmbeddedSamplingTests()
    {
        a = Pictures.Write(folder.PathTo("a.png"), 64, 64, (x, y) => new SKColor((byte)(4 * x), (byte)(255 - (3 * y)), 128));
        b = Pictures.Write(
            folder.PathTo("b.jpg"),
            90,
            70,
            (x, y) => new SKColor((byte)(3 * y), 60, (byte)(2 * x)),
            SKEncodedImageFormat.Jpeg);
        quick = ["--weights", TinyWeights.Write(folder.PathTo("weights"), calibrated: false), "--steps", "3"];
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Decode_GivesTheFaceBack_UnderTheCodeOfTheLatent()
    {
        using var scope = NewDisposeScope();
        Done("invert", [a], "out");
        ToolRun run = Done("decode", [Latent], "out", "--json");
        JsonElement settings = JsonDocument.Parse(run.Output).RootElement.GetProperty("settings");
        Assert.Equal("embedded", settings.GetProperty("model").GetString());
        Assert.False(settings.TryGetProperty("prediction", out _));

        // States in two words of 64 bits: the same inputs of the network, so every bit of the picture's 32.
        Assert.Equal(0, Distance(Read("out", "sample.safetensors", "sample"), PictureOfA()));

        // The latent is worth nothing without the code.
        Done("decode", [Latent], "other", "--condition-from", b);
        Assert.True(Distance(Read("other", "sample.safetensors", "sample"), PictureOfA()) > 1e-3);

        // A tensor of the same picture has the same latent.
        string tensors = folder.PathTo("a.safetensors");
        SafetensorsFile.Write(tensors, new Dictionary<string, Tensor> { ["x"] = PictureOfA() });
        Done("invert", [tensors], "tensors");
        Assert.Equal(0, Distance(Read("out", "latent.safetensors", "state.0"), Read("tensors", "latent.safetensors", "state.0")));
    }

    [Fact]
    public void Interpolation_EndsAreTheFaces()
    {
        using var scope = NewDisposeScope();
        Done("interpolate", [a, b], "out", "--count", "3");
        Tensor all = Read("out", "interpolation.safetensors", "sample");
        Assert.Equal([3, 3, 64, 64], all.shape);

        // The network's answers change in their last bits (of 24) with the size of the batch.
        Assert.True(Distance(all.narrow(0, 0, 1), PictureOfA()) < 1e-4);
        Done("invert", [b], "b");
        Done("decode", [folder.PathTo("b", "latent.safetensors")], "b");
        Assert.True(Distance(all.narrow(0, 2, 1), Read("b", "sample.safetensors", "sample")) < 1e-4);
        Assert.True(Distance(all.narrow(0, 1, 1), PictureOfA()) > 0.01);
    }

    [Fact]
    public void Edit_UnderAnothersCode_ChangesTheFace_UnderItsOwnNothing()
    {
        using var scope = NewDisposeScope();
        Done("edit", [a], "same", "--condition-from", a);
        Assert.Equal(0, Distance(Read("same", "edit.safetensors", "sample"), PictureOfA()));
        Done("edit", [a], "other", "--condition-from", b);
        Assert.True(Distance(Read("other", "edit.safetensors", "sample"), PictureOfA()) > 1e-3);
        Assert.Equal(0, Distance(Read("other", "edit.safetensors", "original"), PictureOfA()));
    }

    [Fact]
    public void SampleAndGradient_AreUnderTheCodeOfAFace()
    {
        using var scope = NewDisposeScope();
        Done("sample", [], "sample", "--condition-from", a, "--batch", "2", "--seed", "3");
        Assert.Equal([2, 3, 64, 64], Read("sample", "sample.safetensors", "sample").shape);
        Done("gradient", [], "gradient", "--condition-from", a, "--loss", "mean-square", "--seed", "3");
        Assert.True(Read("gradient", "gradient.safetensors", "condition_gradient").abs().max().item<float>() > 0);
    }

    [Fact]
    public void Plan_IsThatOfTheTraining()
    {
        using var model = new EmbeddedModel(quick[1]);
        SamplingPlan plan = SamplingPlan.ForFaces(null, null, 3, null, null);
        Assert.Equal(model.Schedule.ToString(), plan.Schedule.ToString());
        Assert.Equal(EmbeddedModel.TrainingTimesteps, plan.TrainingTimesteps);
    }

    [Theory]
    [InlineData("--schedule", "vp-linear")]
    [InlineData("--prediction", "velocity")]
    [InlineData("--scheduler-config", "scheduler_config.json")]
    [InlineData("--time-scale", "2")]
    [InlineData("--training-timesteps", "10")]
    [InlineData("--unconditional", "zeros")]
    [InlineData("--shape", "3,32,32")]
    [InlineData("--dtype", "float64")]
    public void OptionsOfAModel_AreRefusedWithoutOne(string option, string value) =>
        Refused(2, ["invert", a, option, value], $"Got {option} without --model", "drawn faces");

    [Fact]
    public void WhatDoesNotGoTogether_IsRefused()
    {
        Refused(2, ["sample"], "--condition-from", "a code");
        Refused(2, ["sample", "--condition-from", a, "--condition", "c.safetensors"], "both --condition and --condition-from");
        Refused(2, ["edit", a], "neither --edit-condition nor --condition-from");
        Refused(2, ["edit", a, "--condition-from", b, "--edit-condition", "c.safetensors"], "both --edit-condition and --condition-from");
        Refused(1, ["edit", a, "--condition-from", folder.PathTo("none.png")], "none.png", "no such file");
        Refused(1, ["invert", Pictures.Write(folder.PathTo("small.png"), 8, 8)], "8 x 8", "at least 16 x 16");
        string[] model = Tool.Inverts();
        Tool.Fails(2, ["invert", a, .. model, "--weights", quick[1]], "Got --weights with --model");
        Tool.Fails(2, ["sample", .. model, "--condition-from", a], "Got --condition-from with --model");
        Tool.Fails(2, ["edit", a, .. model, "--condition-from", b], "Got --condition-from with --model");
        Tool.Fails(1, ["invert", a, "--weights", folder.PathTo("nowhere")], "autoencoder.safetensors", "no such file", "costate train all");
    }

    [Fact]
    public void LatentOfOtherWeights_IsRefused()
    {
        using var scope = NewDisposeScope();
        Done("invert", [a], "out");
        var state = (ReversibleNoise)NoiseStateFile.Read(Latent, out IReadOnlyDictionary<string, string> remarks);
        var settings = new Dictionary<string, string>(state.Settings) { ["network"] = "0123456789abcdef" };
        NoiseStateFile.Write(
            Latent,
            new ReversibleNoise(state.States, state.Remainders, state.Dtype, settings),
            remarks,
            NoiseStateFile.ReadCondition(Latent));
        Refused(1, ["decode", Latent], "network:", "0123456789abcdef");
        NoiseStateFile.Write(Latent, state, remarks);
        Refused(2, ["decode", Latent], "Got no condition", "--condition-from");
    }

    private string Latent => folder.PathTo("out", "latent.safetensors");

    private static double Distance(Tensor x, Tensor y) => (x - y).abs().max().to(ScalarType.Float64).item<double>();

    private ToolRun Done(string command, string[] samples, string output, params string[] more) =>
        Tool.Done([command, .. samples, .. quick, .. more, "--output", folder.PathTo(output)]);

    private void Refused(int exitCode, string[] arguments, params string[] texts)
    {
        Tool.Fails(exitCode, [.. arguments, .. quick, "--output", folder.PathTo("refused")], texts);
        Assert.False(Directory.Exists(folder.PathTo("refused")));
    }

    private Tensor Read(string output, string file, string name)
    {
        using SafetensorsFile opened = SafetensorsFile.Open(folder.PathTo(output, file));
        return opened.Read(name);
    }

    private Tensor PictureOfA() => ToolFiles.Picture(a, null);
}
