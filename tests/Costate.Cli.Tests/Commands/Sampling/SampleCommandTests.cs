using System.Text.Json;
using Costate.Networks;
using Costate.Testing;
using SkiaSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Sampling;

public sealed class SampleCommandTests
{
    [Fact]
    public void Sample_IsTheLibrarys()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tool.Done(["sample", .. Tool.Inputs(), "--seed", "7", "--output", folder.FullName]);

        Denoiser denoiser = Denoiser.FromTorchScript(Tool.Model, Prediction.Noise);
        NoiseSchedule schedule = NoiseSchedule.VpLinear();
        var sampler = new Sampler(denoiser, schedule, Solver.DpmSolverPlusPlus(2), TimeGrid.UniformLogSnr(schedule, 4));
        using SafetensorsFile inputs = SafetensorsFile.Open(Fixtures.PathTo("torchscript", "expected.safetensors"));
        Tensor start = StartNoise.Draw([2, 3, 8, 8], 7);
        Tensor expected = sampler.Sample(start, inputs.Read("input.z"));

        using SafetensorsFile file = SafetensorsFile.Open(folder.PathTo("sample.safetensors"));
        Assert.Equal(start.data<float>().ToArray(), file.Read("start_noise").data<float>().ToArray());

        // TorchScript's first calls may differ from later ones in the last bits of 24.
        Assert.True(file.Read("sample").allclose(expected, rtol: 1e-4, atol: 1e-4 * expected.abs().max().item<float>()));
        Assert.Equal("VpLinear(0.1, 20)", file.Metadata["schedule"]);
        Assert.Equal("7", file.Metadata["seed"]);
    }

    [Fact]
    public void Report_SaysWhatWasDone()
    {
        using var folder = new TemporaryFolder();
        ToolRun run = Tool.Done(["sample", .. Tool.Inputs(), "--json", "--solver", "heun", "--output", folder.FullName]);
        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(File.ReadAllText(folder.PathTo("result.json")), run.Output.ReplaceLineEndings("\n"));
        Assert.Equal("sample", report.GetProperty("command").GetString());
        Assert.Equal("Heun", report.GetProperty("settings").GetProperty("solver").GetString());
        Assert.Equal(8, report.GetProperty("cost").GetProperty("networkEvaluations").GetInt64());
        string[] files = report.GetProperty("files").Deserialize<string[]>()!;
        Assert.Equal(
            files.Order(StringComparer.Ordinal),
            Directory.EnumerateFiles(folder.FullName).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Pictures_AreTheSamples_AndASheetHasThemAll()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tool.Done(["sample", .. Tool.Inputs(), "--output", folder.FullName]);
        using SKBitmap second = SKBitmap.Decode(folder.PathTo("sample-2.png"));
        Assert.Equal((8, 8), (second.Width, second.Height));
        using SafetensorsFile file = SafetensorsFile.Open(folder.PathTo("sample.safetensors"));
        float red = file.Read("sample")[1, 0, 5, 3].item<float>();
        Assert.Equal((byte)Math.Clamp(MathF.Round((red + 1) * 127.5f), 0, 255), second.GetPixel(3, 5).Red);
        using SKBitmap sheet = SKBitmap.Decode(folder.PathTo("sheet.png"));

        // Two of 8 by 8, enlarged to 64, with gaps of 2.
        Assert.Equal((134, 68), (sheet.Width, sheet.Height));
    }

    [Fact]
    public void SameSeed_SameBits_OtherSeed_OtherSample()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        float[] Of(string seed)
        {
            Tool.Done(["sample", .. Tool.Inputs(), "--solver", "sde-dpm++2m", "--seed", seed, "--output", folder.PathTo(seed)]);
            using SafetensorsFile file = SafetensorsFile.Open(folder.PathTo(seed, "sample.safetensors"));
            return file.Read("sample").data<float>().ToArray();
        }

        float[] first = Of("3");
        Assert.Equal(first, Of("3"));
        Assert.NotEqual(first, Of("4"));
    }

    [Fact]
    public void OldFiles_AreReplaced_OthersKept()
    {
        using var folder = new TemporaryFolder();
        folder.Write("sample.safetensors", "old");
        folder.Write("notes.txt", "mine");
        Tool.Done(["sample", .. Tool.Inputs(), "--output", folder.FullName]);
        Assert.True(new FileInfo(folder.PathTo("sample.safetensors")).Length > 100);
        Assert.Equal("mine", File.ReadAllText(folder.PathTo("notes.txt")));
    }

    [Fact]
    public void Guidance_OfScaleOne_IsNone_AndCostsNothing()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tool.Done(["sample", .. Tool.Inputs(), "--dtype", "float64", "--output", folder.PathTo("plain")]);
        ToolRun guided = Tool.Done([
            "sample",
            .. Tool.Inputs(),
            "--dtype",
            "float64",
            "--guidance-scale",
            "1",
            "--unconditional",
            "zeros",
            "--json",
            "--output",
            folder.PathTo("guided"),
        ]);
        Assert.Equal(4, JsonDocument.Parse(guided.Output).RootElement.GetProperty("cost").GetProperty("networkEvaluations").GetInt64());
        using SafetensorsFile one = SafetensorsFile.Open(folder.PathTo("plain", "sample.safetensors"));
        using SafetensorsFile two = SafetensorsFile.Open(folder.PathTo("guided", "sample.safetensors"));

        // TorchScript's first calls may differ from later ones in the last bits.
        Assert.True(one.Read("sample").allclose(two.Read("sample"), rtol: 1e-10, atol: 1e-9));
    }

    [Theory]
    [InlineData("edm", 80)]
    [InlineData("edm:5", 5)]
    [InlineData("rectified-flow", 1)]
    [InlineData("vp-scaled-linear", 1)]
    public void StartNoise_HasTheScaleOfTheSchedule(string schedule, double scale)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string model = ScriptArchive.Write(folder.PathTo("net.ts.pt"), ["x", "t"], "return torch.mul(x, 0.)");
        Tool.Done(
            "sample",
            "--model",
            model,
            "--schedule",
            schedule,
            "--prediction",
            "data",
            "--shape",
            "4",
            "--steps",
            "3",
            "--seed",
            "2",
            "--dtype",
            "float64",
            "--output",
            folder.FullName);
        using SafetensorsFile file = SafetensorsFile.Open(folder.PathTo("sample.safetensors"));
        Tensor standard = StartNoise.Draw([1, 4], 2, float64);
        Assert.Equal(standard.mul(scale).data<double>().ToArray(), file.Read("start_noise").data<double>().ToArray());
    }

    [Theory]
    [InlineData(null, "DPM-Solver++2M")]
    [InlineData("ddim", "DDIM")]
    public void SchedulerConfiguration_SaysAll(string? solver, string expected)
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("scheduler_config.json", SchedulerConfiguration);
        ToolRun run = Tool.Done([
            "sample",
            .. Tool.Inputs("--schedule", null, "--prediction", null, "--scheduler-config", file, "--solver", solver),
            "--json",
            "--output",
            folder.PathTo("out"),
        ]);
        JsonElement settings = JsonDocument.Parse(run.Output).RootElement.GetProperty("settings");
        Assert.Equal(expected, settings.GetProperty("solver").GetString());
        Assert.Equal("DPMSolverMultistepScheduler", settings.GetProperty("grid").GetString());
        Assert.Equal(1000, settings.GetProperty("trainingTimesteps").GetInt32());
        Assert.Contains("set_alpha_to_one", run.Error);
    }

    /// <summary>A file of diffusers, with an option of another scheduler.</summary>
    internal const string SchedulerConfiguration =
        """
        { "_class_name": "DPMSolverMultistepScheduler", "num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012,
          "beta_schedule": "scaled_linear", "algorithm_type": "dpmsolver++", "solver_order": 2, "prediction_type": "epsilon",
          "timestep_spacing": "linspace", "set_alpha_to_one": false }
        """;

    /// <summary>A file of diffusers as that of FLUX dev.</summary>
    internal const string FlowConfiguration =
        """{ "_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0, "use_dynamic_shifting": true }""";

    [Fact]
    public void Sigmas_AreThoseOfAPipeline()
    {
        using var folder = new TemporaryFolder();
        string[] inputs = Tool.Inputs(
            "--schedule",
            null,
            "--prediction",
            null,
            "--steps",
            null,
            "--scheduler-config",
            folder.Write("flow.json", FlowConfiguration),
            "--mu",
            "1.15");
        JsonElement settings = Settings([.. inputs, "--sigmas", "1,0.75,0.5,0.25"]);
        Assert.Equal(4, settings.GetProperty("steps").GetInt32());
        Assert.Equal("1,0.75,0.5,0.25", settings.GetProperty("sigmas").GetString());
        Assert.Equal(1.15, settings.GetProperty("mu").GetDouble());
        Assert.Equal(0, settings.GetProperty("end").GetDouble());

        // By itself the class takes levels from 1 to 0.001.
        Assert.True(Difference("1,0.75,0.5,0.25") > 0.01);
        Assert.InRange(Difference("1,0.667,0.334,0.001"), 0, 1e-5);

        JsonElement Settings(string[] arguments) =>
            JsonDocument
                .Parse(Tool.Done(["sample", .. arguments, "--json", "--output", folder.PathTo("out")]).Output)
                .RootElement.GetProperty("settings");

        // From the sample of as many steps, relative to it.
        double Difference(string sigmas)
        {
            using var scope = NewDisposeScope();
            Tensor steps = Sample("--steps", "4");
            return ((Sample("--sigmas", sigmas) - steps).norm() / steps.norm()).item<float>();
        }

        Tensor Sample(params string[] where)
        {
            Tool.Done(["sample", .. inputs, .. where, "--output", folder.PathTo("out")]);
            using SafetensorsFile file = SafetensorsFile.Open(folder.PathTo("out", "sample.safetensors"));
            return file.Read("sample");
        }
    }

    [Fact]
    public void OptionsWithoutEffect_AreListedOnce()
    {
        using var folder = new TemporaryFolder();
        string[] many = [.. Enumerable.Range(0, 30).Select(i => $"\"note{i:00}\": {i}")];
        string file = folder.Write(
            "c.json",
            $"{{ \"_class_name\": \"EulerDiscreteScheduler\", \"a\\u001b[31m\": 1, {string.Join(", ", many)} }}");
        ToolRun run = Tool.Done([
            "sample",
            .. Tool.Inputs("--schedule", null, "--prediction", null, "--scheduler-config", file),
            "--output",
            folder.PathTo("out"),
        ]);
        Assert.Contains("no effect: a\\u001B[31m, note00, note01,", run.Error);
        Assert.Contains("note18 and 11 more.", run.Error);
        Assert.DoesNotContain('\e', run.Error);
        Assert.Single(run.Error.Split('\n'), line => line.Contains("note00"));
    }

    [Theory]
    [MemberData(nameof(Solvers))]
    public void EverySolver_Runs(string solver)
    {
        using var folder = new TemporaryFolder();
        ToolRun run = Tool.Done(["sample", .. Tool.Inputs(), "--solver", solver, "--output", folder.FullName]);
        Assert.Contains("network evaluations", run.Output);
    }

    public static TheoryData<string> Solvers() =>
        [
            .. Costate.Faces.Names.NamedSolver.All.Select(s => s.Name),
            "rex:euler",
            "rex:dopri5:0.9",
            "rex-noise:midpoint",
            "rex:shark",
            "edict:0.8",
            "bdia:0.5",
        ];
}
