using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Costate.Benchmarks.Graphs;
using Costate.Benchmarks.Memory;
using Costate.Benchmarks.Overhead;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Peers;

/// <summary>
/// The same U-Net, sampler and gradient in PyTorch and here, each in processes of its own, on one thread: <c>bench/peers/peer.py</c>.
/// Nothing where there is no Python with torch. Linux only: it reads /proc.
/// </summary>
internal static class PeersBenchmark
{
    private const int Turns = 4;
    private const double Mebibyte = 1024 * 1024;

    // The user's own, and the system's.
    private static readonly string[] Pythons = ["python3", "/usr/bin/python3"];

    internal static IEnumerable<Figure> Run()
    {
        string folder = Directory.CreateTempSubdirectory("costate-peers-").FullName;
        try
        {
            _ = MeasurementProcess.KeepingFreedMemory.Run<int>(nameof(Write), folder);
            if (Pythons.FirstOrDefault(HasTorch) is not string python)
            {
                Console.Error.WriteLine("No python3 with torch and numpy was found (Debian: python3-torch): skipped.");
                yield break;
            }

            JsonElement peer = Peer(python, MeasurementProcess.KeepingFreedMemory, folder);
            string version = $"PyTorch {peer.GetProperty("version")}";
            var ours = MeasurementProcess.KeepingFreedMemory.Run<Dictionary<string, double>>(nameof(Seconds), folder);
            foreach ((string name, string label, string theirs, double target) in new[]
            {
                ("call", "a call", "call", 1.1),
                ("sample", "a sample", "sample", 1.1),
                ("unrolled", "plain backpropagation", "plain", 1.1),
                ("default", "the default gradient / its plain backpropagation", "plain", 0.95),
                ("states", "a gradient of states alone / its checkpointed one", "checkpointed", 1.1),
            })
            {
                double seconds = peer.GetProperty(theirs).GetDouble();
                yield return new($"Costate / PyTorch: {label}", ours[name] / seconds, target, string.Create(
                    CultureInfo.InvariantCulture, $"{ours[name] * 1e3:F0} ms / {seconds * 1e3:F0} ms, {version}"));
            }

            yield return new("Largest difference of the gradients / largest value", ours["difference"], 1e-4, string.Create(
                CultureInfo.InvariantCulture, $"{ours["difference"]:E1}, at most 1E-004"));
            JsonElement peaks = Peer(python, MeasurementProcess.ReturningFreedMemory, folder, "memory");
            double growth = MeasurementProcess.ReturningFreedMemory.Run<long>(nameof(DefaultGrowth));
            double plain = peaks.GetProperty("plain").GetDouble();
            const string Peaks = "Costate / PyTorch: peak memory of the default gradient / of plain backpropagation";
            yield return new(Peaks, growth / plain, 1, string.Create(
                CultureInfo.InvariantCulture, $"{growth / Mebibyte:F0} MiB / {plain / Mebibyte:F0} MiB above what was resident before"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>In a child process: writes the problem for both.</summary>
    internal static int Write(string folder)
    {
        using var gradient = new UnetGradient();
        gradient.WriteTensors(Path.Combine(folder, "tensors.safetensors"));
        File.WriteAllText(Path.Combine(folder, "problem.json"), JsonSerializer.Serialize(new
        {
            channels = UnetGradient.Config.BlockOutChannels,
            layers = UnetGradient.Config.LayersPerBlock,
            groups = UnetGradient.Config.NormNumGroups,
            head = UnetGradient.Config.AttentionHeadDim,
            turns = Turns,
            steps = gradient.Weights(),
        }));
        return 0;
    }

    /// <summary>In a child process: our times in seconds, by name, and how far our gradient is from theirs.</summary>
    internal static Dictionary<string, double> Seconds(string folder)
    {
        using var gradient = new UnetGradient();
        (string Name, Action Work)[] runs =
        [
            ("call", gradient.Call),
            ("sample", gradient.Sample),
            ("unrolled", () => gradient.Run(GradientMethod.Unrolled())),
            ("default", () => gradient.Run(GradientMethod.Discrete())),
            ("states", () => gradient.Run(GradientMethod.Discrete(Checkpointing.States))),
        ];
        var times = runs.ToDictionary(run => run.Name, run => InterleavedRatio.MeasureTurns(run.Work, () => { }, Turns).Work.TotalSeconds);
        using DisposeScope scope = NewDisposeScope();
        float[] theirs = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(Path.Combine(folder, "gradient.f32"))).ToArray();
        float[] ours = gradient.OfStart().data<float>().ToArray();
        times["difference"] = ours.Zip(theirs, (a, b) => Math.Abs(a - b)).Max() / theirs.Max(Math.Abs);
        return times;
    }

    /// <summary>
    /// In a child process: by how much a second gradient raises the peak above what the first left, as the script measures it.
    /// </summary>
    internal static long DefaultGrowth()
    {
        using var gradient = new UnetGradient();
        gradient.Run(GradientMethod.Discrete());
        MemoryMeasurement.Collect();
        ResidentMemory.ResetPeak();
        long before = ResidentMemory.CurrentBytes;
        gradient.Run(GradientMethod.Discrete());
        return ResidentMemory.PeakBytes - before;
    }

    private static JsonElement Peer(string python, MeasurementProcess process, string folder, params string[] arguments)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "peer.py");
        return JsonSerializer.Deserialize<JsonElement>(process.Program(python, [script, folder, .. arguments])
            ?? throw new InvalidOperationException($"{python} {script} {folder} failed; it says above why."));
    }

    private static bool HasTorch(string python)
    {
        try
        {
            const string Test = "import importlib.util as u; exit(not (u.find_spec('torch') and u.find_spec('numpy')))";
            return MeasurementProcess.KeepingFreedMemory.Program(python, ["-c", Test]) is not null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
