using Costate.Cli.Tests.Commands.Sampling;
using Costate.Faces.Names;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands;

/// <summary>What the tool says when it is told something wrong: exit code, and the words that help.</summary>
public sealed class UsageTests
{
    [Theory]
    [InlineData("--solver rk4", "rk4 for --solver", "ddim", "dpm++2m", "sde-dpm++2m")]
    [InlineData("--solver rex:rk4:0", "rex:rk4:0", "(0, 1]")]
    [InlineData("--solver rex:euler:1.1", "rex:euler:1.1", "(0, 1]")]
    [InlineData("--solver rex:euler:x", "rex:euler:x", "a number in (0, 1]")]
    [InlineData("--solver rex:rk9", "rk9", "bogacki-shampine", "shark")]
    [InlineData("--solver rex", "rex:TABLEAU")]
    [InlineData("--solver rex-noise:shark", "rex-noise:shark", "one clock")]
    [InlineData("--solver edict:2", "edict:2", "(0, 1]")]
    [InlineData("--solver bdia:0", "bdia:0", "(0, 1]")]
    [InlineData("--solver o-belm --steps 1", "O-BELM", "at least 2")]
    [InlineData("--schedule linear", "linear for --schedule", "vp-linear", "rectified-flow")]
    [InlineData("--schedule vp-linear:a,b", "vp-linear:a,b", "numbers")]
    [InlineData("--schedule vp-linear:1,2,3", "3 numbers", "vp-linear:0.1,20")]
    [InlineData("--schedule vp-linear:-1,2", "vp-linear:-1,2")]
    [InlineData("--prediction x0", "x0 for --prediction", "noise, data, velocity, flow, score")]
    [InlineData("--grid log", "log for --grid", "uniform-log-snr", "karras")]
    [InlineData("--grid uniform:3", "uniform:3", "no numbers")]
    [InlineData("--steps 0", "Got 0 for --steps", "from 1 to 100000")]
    [InlineData("--steps 2.5", "Got 2.5 for --steps", "whole number")]
    [InlineData("--batch -1", "Got -1 for --batch", "from 1 to 100000")]
    [InlineData("--start 0.2 --end 0.5", "0.2", "0.5")]
    [InlineData("--start 3", "from 3 to", "[0, 1]")]
    [InlineData("--end x", "Got x for --end", "a number")]
    [InlineData("--shape 3,0,8", "Got 3,0,8 for --shape", "positive", "--batch")]
    [InlineData("--shape 3x8x8", "Got 3x8x8 for --shape", "3,64,64")]
    [InlineData("--seed -1", "Got -1 for --seed", "whole number from 0 to 18446744073709551615")]
    [InlineData("--dtype float16", "float16 for --dtype", "float32, float64")]
    [InlineData("--threads 0", "Got 0 for --threads", "from 1 to 1024")]
    [InlineData("--guidance-scale 2", "--guidance-scale", "--unconditional")]
    [InlineData("--unconditional zeros", "--unconditional", "--guidance-scale")]
    [InlineData("--time-scale 1000 --training-timesteps 1000", "--time-scale", "--training-timesteps")]
    [InlineData("--time-scale 0", "0", "positive")]
    [InlineData("--schedule vp-cosine --grid uniform-log-snr", "uniform-log-snr", "infinite")]
    [InlineData("--schedule vp-cosine --solver dpm2m", "alpha")]
    [InlineData("--no-such-option 1", "--no-such-option")]
    public void SampleOptions_ThatAreWrong_AreBadUsage(string options, params string[] says)
    {
        using var folder = new TemporaryFolder();
        string[] given = options.Split(' ');

        Tool.Fails(2, ["sample", .. Tool.Inputs(given), "--output", folder.PathTo("out")], [.. says, "costate sample --help"]);
        Assert.False(Directory.Exists(folder.PathTo("out")));
    }

    // Where files are expected, too.
    [Theory]
    [InlineData("morph --iteratons 10", "--iteratons")]
    [InlineData("morph a.png --force", "--force")]
    [InlineData("guide --taks deblur", "--taks")]
    [InlineData("guide --loud", "--loud")]
    [InlineData("edit --strong", "--strong")]
    [InlineData("evaluate merge a --into b", "--into")]
    public void UnknownOptions_AreNamed(string arguments, string option) => Tool.Fails(2, arguments.Split(' '), option, "--help");

    [Theory]
    [InlineData("--loss sum --method adjoint", "Got adjoint for --method", "revolve:SLOTS")]
    [InlineData("--loss sum --method revolve:0", "Got revolve:0 for --method", "revolve:SLOTS")]
    [InlineData("--loss sum --method adjoint-deis:3", "Got adjoint-deis:3 for --method", "adjoint-deis:2")]
    [InlineData("--loss sum --adjoint-steps 5", "--adjoint-steps", "adjoint-deis")]
    [InlineData("--loss sum --trajectory recorded", "--trajectory", "adjoint-deis")]
    [InlineData("--loss sum --method adjoint-deis:1 --trajectory kept", "kept for --trajectory", "solved-backward")]
    [InlineData("--loss sum --method adjoint-deis:1 --adjoint-steps 0", "Got 0 for --adjoint-steps", "from 1 to 100000")]
    [InlineData("--loss sum --method reversible", "reversible with the solver", "DPM-Solver++2M", "such as rex:euler")]
    [InlineData("--loss sum --solver rex:euler --method reversible:0", "reversible:0", "reversible:ANCHORS")]
    [InlineData("--loss l2", "--loss l2", "mean-square", "mse:")]
    [InlineData("--method discrete", "--loss")]
    public void GradientOptions_ThatAreWrong_AreBadUsage(string options, params string[] says)
    {
        using var folder = new TemporaryFolder();
        Tool.Fails(
            2,
            ["gradient", .. Tool.Inputs(), .. options.Split(' '), "--output", folder.PathTo("out")],
            [.. says, "costate gradient --help"]);
        Assert.False(Directory.Exists(folder.PathTo("out")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("simple")]
    [InlineData("sample")]
    [InlineData("study extra")]
    [InlineData("study reversibility extra")]
    [InlineData("invert")]
    [InlineData("interpolate a.png")]
    [InlineData("train")]
    [InlineData("train everything")]
    [InlineData("train all --minutes 0")]
    [InlineData("train all --minutes x")]
    [InlineData("train recogniser --loss softmax --steps 1 --identities 2 --circumstances 1")]
    [InlineData("train recogniser --width 12 --steps 1 --identities 2 --circumstances 1")]
    [InlineData("train recogniser --steps 1 --minutes 1")]
    [InlineData("train autoencoder --minutes -1")]
    [InlineData("train autoencoder --learning-rate 0")]
    [InlineData("train autoencoder --batch 0")]
    [InlineData("evaluate")]
    [InlineData("faces")]
    public void Commands_ThatAreWrong_AreBadUsage(string line) =>
        Tool.Fails(2, line.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help");

    [Fact]
    public void Shape_IsNeededWithoutStartNoise() =>
        Tool.Fails(2, ["sample", .. Tool.Inputs("--shape", null)], "--shape", "--start-noise");

    [Fact]
    public void SchedulerConfiguration_GoesWithoutWhatItSays()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("scheduler_config.json", SampleCommandTests.SchedulerConfiguration);
        Tool.Fails(2, ["sample", .. Tool.Inputs("--scheduler-config", file)], "--schedule with --scheduler-config");
        Tool.Fails(2, ["sample", .. Tool.Inputs("--schedule", null, "--prediction", null)], "--schedule", "--scheduler-config");
        Tool.Fails(2, ["sample", .. Tool.Inputs("--prediction", null)], "no --prediction");
        Tool.Fails(2, ["sample", .. Tool.Inputs("--mu", "1")], "--mu without --scheduler-config");
        string[] alone = Tool.Inputs("--schedule", null, "--prediction", null, "--scheduler-config", file);
        Tool.Fails(2, ["sample", .. alone, "--mu", "1"], "Got 1 for --mu");
        string[] flow =
        [
            "sample",
            .. Tool.Inputs(
                "--schedule",
                null,
                "--prediction",
                null,
                "--steps",
                null,
                "--scheduler-config",
                folder.Write("flow.json", SampleCommandTests.FlowConfiguration)),
        ];
        Tool.Fails(2, flow, "Got nothing for --mu");
        Tool.Fails(2, ["sample", .. Tool.Inputs("--sigmas", "1,0.5")], "--sigmas without --scheduler-config");
        Tool.Fails(2, [.. flow, "--mu", "1", "--sigmas", "1,0.5", "--steps", "2"], "both --sigmas and --steps");
        Tool.Fails(2, [.. flow, "--mu", "1", "--sigmas", "1,0.5", "--start", "0.9"], "--start with --scheduler-config");
        Tool.Fails(2, [.. flow, "--mu", "1", "--sigmas", "1,half"], "Got 1,half for --sigmas; it must be numbers");
        Tool.Fails(2, [.. flow, "--mu", "1", "--sigmas", ""], "it must be numbers");
        Tool.Fails(2, [.. flow, "--mu", "1", "--sigmas", "0.5,1"], "Got 1 after 0.5 as number 2 for --sigmas");
        Tool.Fails(2, [.. flow, "--mu", "1", "--sigmas", "1,nan"], "Got NaN after 1 as number 2 for --sigmas");
        Tool.Fails(
            1,
            [
                "sample",
                .. Tool.Inputs("--schedule", null, "--prediction", null, "--steps", null, "--scheduler-config", file),
                "--sigmas",
                "1,0.5",
            ],
            "DPMSolverMultistepScheduler",
            "finds its noise levels itself");
        FailsWith(["sample", .. Tool.Inputs("--schedule", null, "--prediction", null, "--scheduler-config", "none.json")], "none.json");
        FailsWith(
            ["sample", .. Tool.Inputs("--schedule", null, "--prediction", null, "--scheduler-config", folder.Write("bad.json", "{"))],
            "bad.json");
    }

    [Fact]
    public void Model_ThatIsMissing_Fails() => FailsWithModel("nothing.pt", "--model", "nothing.pt", "no such file");

    [Fact]
    public void Model_ThatIsNoTorchScript_Fails()
    {
        using var folder = new TemporaryFolder();
        FailsWithModel(folder.Write("weights.pt", "weights"), "weights.pt", "not a TorchScript file", "torch.jit.save");
        File.Copy(Fixtures.PathTo("torchscript", "expected.safetensors"), folder.PathTo("weights.bin"));
        FailsWithModel(folder.PathTo("weights.bin"), "not a TorchScript file");
        FailsWithModel(folder.FullName, "--model");
    }

    [Fact]
    public void Network_ThatReturnsNaN_IsNamedWithItsStep()
    {
        using var folder = new TemporaryFolder();
        string model = ScriptArchive.Write(folder.PathTo("net.pt"), ["x", "t", "z"], "return torch.log(torch.mul(torch.abs(x), -1.))");
        FailsWithModel(model, "NaN", "step 0", "time 1");
    }

    [Fact]
    public void Network_OfAnotherShape_IsNamed()
    {
        using var folder = new TemporaryFolder();
        FailsWithModel(
            ScriptArchive.Write(folder.PathTo("net.pt"), ["x", "t", "z"], "return torch.sum(x, [1])"),
            "[2, 8, 8]",
            "[2, 3, 8, 8]");
    }

    [Fact]
    public void Network_ThatRefusesItsInputs_IsToldWhatItGot()
    {
        FailsWith(["sample", .. Tool.Inputs("--shape", "4,8,8")], "--model failed", "[2, 4, 8, 8]");
        FailsWith(["sample", .. Tool.Inputs("--condition", null)], "--model failed", "argument");
    }

    [Fact]
    public void Condition_ThatIsBad_Fails()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string Written(string name, params (string Name, Tensor Value)[] tensors)
        {
            SafetensorsFile.Write(folder.PathTo(name), tensors.ToDictionary(t => t.Name, t => t.Value));
            return folder.PathTo(name);
        }

        FailsWithCondition("none.safetensors", "no file 'none.safetensors'");
        FailsWithCondition(folder.Write("text.safetensors", "not tensors"), "text.safetensors");
        FailsWithCondition(Fixtures.PathTo("torchscript", "expected.safetensors"), "holds 7 tensors", "input.z");
        FailsWithCondition(Fixtures.PathTo("torchscript", "expected.safetensors") + ":z", "no tensor", "7 tensors");
        FailsWithCondition(Written("three.safetensors", ("z", zeros(3, 5))), "[3, 5]", "batch of 2", "[1, ...]");
        FailsWithCondition(Written("scalar.safetensors", ("z", zeros(Array.Empty<long>()))), "batch of 2");
        FailsWithCondition(Written("nan.safetensors", ("z", full([2, 5], float.NaN))), "NaN", "condition");
        FailsWithCondition(Written("wide.safetensors", ("z", zeros(2, 6))), "--model failed", "[2, 6]");
    }

    [Fact]
    public void StartNoise_OfAnotherShape_Fails()
    {
        string noise = Fixtures.PathTo("torchscript", "expected.safetensors");
        FailsWith(["sample", .. Tool.Inputs(), "--start-noise", noise + ":input.t"], "[2]", "[2, 3, 8, 8]");
    }

    [Fact]
    public void Loss_ThatIsBad_Fails()
    {
        using var folder = new TemporaryFolder();
        string[] shared = ["gradient", .. Tool.Inputs()];
        FailsWith([.. shared, "--loss", "none.ts.pt"], "--loss none.ts.pt", "no such file");
        FailsWith([.. shared, "--loss", "mse:none.safetensors"], "no file 'none.safetensors'");
        FailsWith([.. shared, "--loss", "mse:" + Tool.Condition], "[2, 5]", "[2, 3, 8, 8]");
        FailsWith(
            [.. shared, "--loss", ScriptArchive.Write(folder.PathTo("shape.pt"), ["x"], "return torch.square(x)")],
            "[2, 3, 8, 8]",
            "one value for each item");
        FailsWith(
            [.. shared, "--loss", ScriptArchive.Write(folder.PathTo("two.pt"), ["x", "y"], "return torch.square(x)")],
            "--loss failed",
            "argument");
        FailsWith(
            [
                .. shared,
                "--loss",
                ScriptArchive.Write(folder.PathTo("nan.pt"), ["x"], "return torch.log(torch.mul(torch.sum(torch.abs(x), [1, 2, 3]), -1.))"),
            ],
            "loss is NaN");
    }

    [Fact]
    public void Verbose_ShowsWhere()
    {
        ToolRun run = Tool.Run("sample", "--verbose", "--model", "none.pt", "--schedule", "edm", "--prediction", "data", "--shape", "2");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("   at ", run.Error);

        // The exit code is the same as without.
        ToolRun usage = Tool.Run("faces", "draw", "--verbose", "--identity", "18446744073709551615");
        Assert.Equal(2, usage.ExitCode);
        Assert.Contains("   at ", usage.Error);
    }

    [Theory]
    [MemberData(nameof(SolverNames))]
    public void SolverNames_AreFoundWhateverTheCase(string name) =>
        Assert.Equal(NamedSolver.All.Single(s => s.Name == name).Make().Name, NamedSolver.Parse(name.ToUpperInvariant()).Name);

    public static TheoryData<string> SolverNames() => [.. NamedSolver.All.Select(s => s.Name)];

    private static void FailsWithModel(string model, params string[] says) => FailsWith(["sample", .. Tool.Inputs("--model", model)], says);

    private static void FailsWithCondition(string condition, params string[] says) =>
        FailsWith(["sample", .. Tool.Inputs("--condition", condition)], says);

    private static void FailsWith(string[] arguments, params string[] says)
    {
        using var folder = new TemporaryFolder();
        Tool.Fails(1, [.. arguments, "--output", folder.PathTo("out")], says);
        Assert.False(Directory.Exists(folder.PathTo("out")));
    }
}
