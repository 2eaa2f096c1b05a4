using System.Text.Json;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Sampling;

public sealed class GradientCommandTests
{
    [Fact]
    public void Gradient_IsADifferenceQuotient()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string[] shared = ["gradient", .. Tool.Inputs("--prediction", "data"), "--loss", "mean-square", "--dtype", "float64"];
        Tool.Done([.. shared, "--output", folder.PathTo("at")]);
        using SafetensorsFile at = SafetensorsFile.Open(folder.PathTo("at", "gradient.safetensors"));
        Tensor start = at.Read("start_noise");
        Tensor direction = randn_like(start);
        double Loss(double step)
        {
            SafetensorsFile.Write(
                folder.PathTo("moved.safetensors"),
                new Dictionary<string, Tensor> { ["x"] = start + (step * direction) });
            ToolRun run = Tool.Done([
                .. shared,
                "--start-noise",
                folder.PathTo("moved.safetensors"),
                "--json",
                "--output",
                folder.PathTo("moved"),
            ]);
            return JsonDocument.Parse(run.Output).RootElement.GetProperty("loss").Deserialize<double[]>()!.Sum();
        }

        double quotient = (Loss(1e-4) - Loss(-1e-4)) / 2e-4;
        double product = (at.Read("start_noise_gradient") * direction).sum().item<double>();

        // Central difference: its own error is the square of the step, about 1e-8.
        Assert.Equal(1, quotient / product, 1e-5);
    }

    [Theory]
    [InlineData("revolve:2")]
    [InlineData("unrolled")]
    public void ExactMethods_Agree(string method)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Dictionary<string, Tensor> exact = Gradients(folder, "discrete");
        Dictionary<string, Tensor> other = Gradients(folder, method);
        foreach (string name in (string[])["sample", "loss", "start_noise_gradient", "condition_gradient"])
        {
            // float64, the same sums in another order.
            Assert.True(exact[name].allclose(other[name], rtol: 1e-10, atol: 1e-9), name);
        }
    }

    [Theory]
    [InlineData("rex:euler", "reversible")]
    [InlineData("rex:rk4:0.99", "reversible:2")]
    [InlineData("edict", "reversible")]
    [InlineData("rex:shark", "reversible")]
    public void Reversible_IsDiscrete(string solver, string method)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Dictionary<string, Tensor> exact = Gradients(folder, "discrete", solver: solver);
        Dictionary<string, Tensor> reversible = Gradients(folder, method, solver: solver);

        // The library proves 1e-10 of the largest entry for ODE and SDE.
        Assert.All((string[])["sample", "loss", "start_noise_gradient", "condition_gradient"], name =>
            Assert.True(((exact[name] - reversible[name]).abs().max() <= 1e-9 * exact[name].abs().max()).item<bool>(), name));
    }

    [Theory]
    [InlineData("adjoint-deis:1")]
    [InlineData("adjoint-deis:2")]
    public void AdjointDeis_ComesNear_WithManySteps(string method)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        Tensor exact = Gradients(folder, "discrete", "300")["start_noise_gradient"];
        Tensor adjoint = Gradients(folder, method, "300")["start_noise_gradient"];
        double error = ((adjoint - exact).norm() / exact.norm()).item<double>();

        // A bound that a wrong sign or factor would break; the orders are measured by the study.
        Assert.InRange(error, 0, 0.2);
    }

    [Theory]
    [InlineData("interpolated", "8")]
    [InlineData("solved-backward", "8")]
    [InlineData("recorded", null)]
    public void Trajectories_Run(string trajectory, string? adjointSteps)
    {
        using var folder = new TemporaryFolder();
        string[] steps = adjointSteps is null ? [] : ["--adjoint-steps", adjointSteps];
        ToolRun run = Tool.Done([
            "gradient",
            .. Tool.Inputs(),
            "--loss",
            "sum",
            "--method",
            "adjoint-deis:2",
            "--trajectory",
            trajectory,
            .. steps,
            "--json",
            "--output",
            folder.FullName,
        ]);
        JsonElement cost = JsonDocument.Parse(run.Output).RootElement.GetProperty("cost");
        Assert.Equal(int.Parse(adjointSteps ?? "4"), cost.GetProperty("vectorJacobianProducts").GetInt32());
    }

    [Fact]
    public void Losses_AreWhatTheySay()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        SafetensorsFile.Write(
            folder.PathTo("target.safetensors"),
            new Dictionary<string, Tensor> { ["a"] = full([3, 8, 8], 0.5f), ["b"] = zeros(1) });
        string script = ScriptArchive.Write(folder.PathTo("loss.ts.pt"), ["x"], "return torch.sum(torch.abs(x), [1, 2, 3])");
        double[] Of(string loss, out Tensor sample)
        {
            ToolRun run = Tool.Done(["gradient", .. Tool.Inputs(), "--loss", loss, "--json", "--output", folder.PathTo("out")]);
            using SafetensorsFile file = SafetensorsFile.Open(folder.PathTo("out", "gradient.safetensors"));
            sample = file.Read("sample").to(float64);
            return JsonDocument.Parse(run.Output).RootElement.GetProperty("loss").Deserialize<double[]>()!;
        }

        void Same(Tensor expected, double[] actual) =>
            Assert.All(expected.data<double>().Zip(actual), pair => Assert.Equal(1, pair.Second / pair.First, 1e-4));

        // Losses are summed in float32 by the tool.
        Same(Of("sum", out Tensor x) is var sum ? x.sum([1, 2, 3]) : x, sum);
        Same(Of("mean-square", out x) is var square ? x.square().mean([1, 2, 3]) : x, square);
        Same(Of($"mse:{folder.PathTo("target.safetensors")}:a", out x) is var mse ? (x - 0.5).square().mean([1, 2, 3]) : x, mse);
        Same(Of(script, out x) is var own ? x.abs().sum([1, 2, 3]) : x, own);
    }

    [Fact]
    public void Metadata_HasTheSettings()
    {
        using var folder = new TemporaryFolder();
        Tool.Done(["gradient", .. Tool.Inputs(), "--loss", "sum", "--method", "revolve:3", "--output", folder.FullName]);
        using SafetensorsFile file = SafetensorsFile.Open(folder.PathTo("gradient.safetensors"));
        Assert.Equal("revolve:3", file.Metadata["method"]);
        Assert.Equal("sum", file.Metadata["loss"]);
        Assert.Equal("DPM-Solver++2M", file.Metadata["solver"]);
        Assert.Equal(
            ["condition", "condition_gradient", "loss", "sample", "start_noise", "start_noise_gradient"],
            file.Names.Order(StringComparer.Ordinal));
        Assert.All((string[])["sample-1.png", "sample-2.png", "sheet.png"], picture => Assert.True(File.Exists(folder.PathTo(picture))));
    }

    // The data prediction keeps the random network's states small, whatever the number of steps.
    private static Dictionary<string, Tensor> Gradients(
        TemporaryFolder folder,
        string method,
        string steps = "4",
        string solver = "dpm++2m")
    {
        string output = folder.PathTo(method.Replace(':', '-'));
        Tool.Done([
            "gradient",
            .. Tool.Inputs("--prediction", "data", "--steps", steps, "--solver", solver),
            "--loss",
            "mean-square",
            "--dtype",
            "float64",
            "--method",
            method,
            "--output",
            output,
        ]);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(output, "gradient.safetensors"));
        return file.Names.ToDictionary(name => name, file.Read);
    }
}
