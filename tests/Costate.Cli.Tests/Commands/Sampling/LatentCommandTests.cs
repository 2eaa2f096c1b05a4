using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Sampling;

/// <summary>Latents, which say how they were made, in decode and edit.</summary>
public sealed class LatentCommandTests : InversionFiles
{
    [Theory]
    [InlineData("--solver", "rex:rk4:0.9", "rex:euler:0.99")]
    [InlineData("--solver", "ddim", "rex:euler:0.99")]
    [InlineData("--steps", "5", "7")]
    [InlineData("--grid", "uniform", "karras:5")]
    [InlineData("--grid", "karras", "karras:5")]
    [InlineData("--start", "0.8", "0.9")]
    [InlineData("--end", "0.02", "0.01")]
    [InlineData("--schedule", "vp-linear:0.1,19", "vp-linear")]
    [InlineData("--prediction", "noise", "data")]
    [InlineData("--training-timesteps", "99", "100")]
    public void Latent_SaysHowItWasMade_AndWhatDiffersIsRefused(string option, string differs, string made)
    {
        using var scope = NewDisposeScope();
        string[] settings =
        [
            "--solver",
            "rex:euler:0.99",
            "--steps",
            "7",
            "--grid",
            "karras:5",
            "--start",
            "0.9",
            "--end",
            "0.01",
            "--training-timesteps",
            "100",
        ];
        Tool.Done(["invert", picture, .. Inputs(settings), "--output", folder.PathTo("out")]);
        string latent = folder.PathTo("out", "latent.safetensors");
        Fails(2, ["decode", latent, "--model", Tool.Model, option, differs], $"Got {differs} for {option}", made, "Leave it out");
        Fails(
            2,
            ["edit", latent, "--model", Tool.Model, "--edit-condition", otherCondition, option, differs],
            $"Got {differs} for {option}",
            made);

        // Given again, in other words too; or left to the file.
        string[] same = option switch
        {
            "--schedule" => ["--schedule", "VP-linear:0.1,20"],
            "--prediction" => ["--prediction", "DATA"],
            "--steps" => ["--steps", "07"],
            "--start" => ["--start", "0.90"],
            _ => [option, made],
        };
        Tool.Done(["decode", latent, "--model", Tool.Model, .. same, "--output", folder.PathTo("out")]);
        Assert.True(Read("out", "sample.safetensors", "sample").allclose(PictureTensor(), rtol: 0, atol: 1e-6));
    }

    [Fact]
    public void Latent_OfASchedulerConfiguration_KeepsIt()
    {
        using var scope = NewDisposeScope();
        string configuration = folder.Write("scheduler_config.json", SampleCommandTests.SchedulerConfiguration);
        string[] inputs = Inputs("--schedule", null, "--prediction", null, "--scheduler-config", configuration);
        Tool.Done(["invert", picture, .. inputs, "--output", folder.PathTo("out")]);
        string latent = folder.PathTo("out", "latent.safetensors");
        Tool.Done(["decode", latent, .. inputs, "--output", folder.PathTo("out")]);
        File.Delete(configuration);
        Tool.Done(["decode", latent, "--model", Tool.Model, "--output", folder.PathTo("out")]);
        Assert.True(Read("out", "sample.safetensors", "sample").allclose(PictureTensor(), rtol: 0, atol: 1e-5));
        Fails(2, ["decode", latent, "--model", Tool.Model, "--grid", "uniform"], "--grid", "--scheduler-config");
        Fails(
            1,
            ["decode", latent, "--model", Tool.Model, "--schedule", "vp-linear", "--prediction", "data"],
            "other settings",
            "schedule:");
    }

    [Fact]
    public void Latent_OfAProgram_NeedsTheOptions()
    {
        using var scope = NewDisposeScope();
        Tool.Done(["invert", picture, .. Inputs(), "--output", folder.PathTo("out")]);
        string latent = folder.PathTo("out", "latent.safetensors");
        NoiseStateFile.Write(latent, NoiseStateFile.Read(latent), condition: NoiseStateFile.ReadCondition(latent));
        Fails(2, ["decode", latent, "--model", Tool.Model], "Got no --schedule");
        Fails(1, ["decode", latent, .. Inputs("--steps", "5")], "other settings", "grid:", "4 steps", "5 steps");
        Tool.Done(["decode", latent, .. Inputs(), "--output", folder.PathTo("out")]);
    }

    [Theory]
    [InlineData("steps", "1000000000")]
    [InlineData("steps", "many")]
    [InlineData("steps", "0")]
    [InlineData("end", "NaN")]
    [InlineData("start", "")]
    [InlineData("solver", "rex:rk9")]
    [InlineData("schedule", "linear\u001b[2J")]
    [InlineData("grid", "log:x")]
    [InlineData("training-timesteps", "-1")]
    public void Latent_ThatSaysNonsense_IsRefused(string option, string value)
    {
        using var scope = NewDisposeScope();
        Tool.Done(["invert", picture, .. Inputs(), "--output", folder.PathTo("out")]);
        string latent = folder.PathTo("out", "latent.safetensors");
        var state = (ReversibleNoise)NoiseStateFile.Read(latent, out IReadOnlyDictionary<string, string> remarks);
        NoiseStateFile.Write(
            latent,
            state,
            new Dictionary<string, string>(remarks) { [$"option.{option}"] = value },
            NoiseStateFile.ReadCondition(latent));
        Fails(["decode", latent, "--model", Tool.Model], $"option.{option} is ", "means nothing");
    }

    [Fact]
    public void Latent_OfAModel_NamesItButRunsNone()
    {
        Tool.Done(["invert", picture, .. Inputs(), "--output", folder.PathTo("out")]);
        Fails(["decode", folder.PathTo("out", "latent.safetensors")], "denoiser.ts.pt", "--model");
    }

    [Fact]
    public void Latent_OfAnotherPath_IsRefused()
    {
        Tool.Done(["invert", picture, .. Inputs("--solver", "rex:shark", "--seed", "4"), "--output", folder.PathTo("out")]);
        Fails(
            2,
            ["decode", folder.PathTo("out", "latent.safetensors"), .. Inputs("--solver", "rex:shark", "--seed", "5")],
            "Got 5 for --seed",
            "it must be 4");
    }

    [Fact]
    public void Latent_ThatIsNone_IsRefused()
    {
        Fails(["decode", folder.PathTo("none.safetensors"), .. Inputs()], "no such file");
        Fails(["decode", condition, .. Inputs()], "c.safetensors", "noise_state.version", "expected");
        Fails(["decode", picture, .. Inputs()], "a.png");
        Tool.Done(["invert", picture, .. Inputs(), "--output", folder.PathTo("out")]);
        byte[] whole = File.ReadAllBytes(folder.PathTo("out", "latent.safetensors"));
        Fails(["decode", folder.Write("cut.safetensors", whole[..^100]), .. Inputs()], "cut.safetensors", "damaged");
    }

    [Fact]
    public void Latent_OfAnotherNetwork_IsRefused()
    {
        Tool.Done(["invert", picture, .. Inputs(), "--output", folder.PathTo("out")]);
        string latent = folder.PathTo("out", "latent.safetensors");
        using (var scope = NewDisposeScope())
        {
            var state = (ReversibleNoise)NoiseStateFile.Read(latent, out IReadOnlyDictionary<string, string> remarks);
            var settings = new Dictionary<string, string>(state.Settings) { ["network"] = "0123456789abcdef" };
            NoiseStateFile.Write(latent, new ReversibleNoise(state.States, state.Remainders, state.Dtype, settings), remarks);
        }

        Fails(["decode", latent, .. Inputs()], "network:", "0123456789abcdef");
    }
}
