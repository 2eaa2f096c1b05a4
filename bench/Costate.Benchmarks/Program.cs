using System.CommandLine;
using System.Globalization;
using Costate;
using Costate.Benchmarks;
using Costate.Benchmarks.Graphs;
using Costate.Benchmarks.Leases;
using Costate.Benchmarks.Memory;
using Costate.Benchmarks.Network;
using Costate.Benchmarks.Noise;
using Costate.Benchmarks.Overhead;
using Costate.Benchmarks.Particles;
using Costate.Benchmarks.Peers;
using Costate.Benchmarks.Reversible;
using Costate.Benchmarks.StableDiffusion;
using Costate.Benchmarks.Transformers;

// Without torch, which takes a second to load.
if (args is [LeaseWorker.Command, var folder, var items, var milliseconds])
{
    return LeaseWorker.Run(folder, int.Parse(items, CultureInfo.InvariantCulture), int.Parse(milliseconds, CultureInfo.InvariantCulture));
}

// The networks measured go around what oneDNN gets wrong.
CpuLibraries.Prepare(keepOneDnn: true);
if (args is [MeasurementProcess.Command, .. var measurement])
{
    return MeasurementProcess.Answer(Measure, measurement);
}

var json = new Option<FileInfo?>("--json") { Description = "Also writes the figures to this file.", Recursive = true };
var root = new RootCommand("Measures what Costate adds to a network's own time and memory. The exit code is 1 if a target is missed.")
{
    json,
    Subject("overhead", "Time, beside the bare network calls.", OverheadBenchmark.Run),
    Subject("guidance", "Time of guided sampling, beside the bare network calls, products and losses.", GuidanceBenchmark.Run),
    Subject("network", "Time of the embedded network, beside its convolutions and matrix products.", NetworkBenchmark.Run),
    Subject("silu", "How often SiLU is slow, in a child process.", SiluBenchmark.Run),
    Subject("noise", "Time of random numbers, in a child process.", NoiseBenchmark.Run),
    Subject("particles", "Time and memory of particles, beside the bare network calls (Linux only).", ParticleBenchmark.Run),
    Subject("memory", "Resident memory, in child processes (Linux only).", MemoryBenchmark.Run),
    Subject("graphs", "Time and memory of gradients that keep graphs, in child processes (Linux only).", GraphsBenchmark.Run),
    Subject("peers", "Time and memory beside PyTorch, where there is one (Linux only).", PeersBenchmark.Run),
    Subject("reversible", "Reversible gradients, in child processes (Linux only).", ReversibleBenchmark.Run),
    Subject("leases", "Work divided in a shared folder: its time, and what killed processes leave.", LeaseBenchmark.Run),
    Subject("loading", "Time and memory of loading full-size Stable Diffusion 1.5 (Linux only; 5 GB).", StableDiffusionBenchmark.Loading),
    Subject("unet", "Time and memory of its U-Net (Linux only; 12 GB).", StableDiffusionBenchmark.Unet),
    Subject("pipeline", "Memory of its samples and gradients (Linux only; 12 GB).", StableDiffusionBenchmark.Pipeline),
    Subject("transformers", "Time and memory of networks of 300 million parameters (Linux only; 8 GB).", TransformerBenchmark.Memory),
    Subject("transformer-calls", "Their calls beside their bare products (Linux only; 4 GB).", TransformerBenchmark.Time),
    Subject("transformer-sizes", "Memory of a gradient of each published one, counted and not measured.", PublishedSizes.Run),
    Subject(
        "all",
        "All of them but those of full-size Stable Diffusion, of transformers and of PyTorch.",
        () =>
            OverheadBenchmark
                .Run()
                .Concat(GuidanceBenchmark.Run())
                .Concat(NetworkBenchmark.Run())
                .Concat(SiluBenchmark.Run())
                .Concat(NoiseBenchmark.Run())
                .Concat(ParticleBenchmark.Run())
                .Concat(MemoryBenchmark.Run())
                .Concat(GraphsBenchmark.Run())
                .Concat(ReversibleBenchmark.Run())),
};
return root.Parse(args).Invoke();

Command Subject(string name, string description, Func<IEnumerable<Figure>> measure)
{
    var command = new Command(name, description);
    command.SetAction(parsed =>
    {
        if (name is not ("overhead" or "guidance" or "network" or "silu" or "noise" or "leases" or "transformer-sizes")
            && !OperatingSystem.IsLinux())
        {
            Console.Error.WriteLine("These figures need Linux. Run overhead, guidance, network, silu, noise or leases instead.");
            return 1;
        }

        var report = new Report(Console.Out);
        report.WriteHeader();
        foreach (Figure figure in measure())
        {
            report.Add(figure);
        }

        if (parsed.GetValue(json) is FileInfo file)
        {
            report.Save(file.FullName);
        }

        return report.Passed ? 0 : 1;
    });
    return command;
}

static object Measure(string measurement, string[] arguments)
{
    int Number(int index) => int.Parse(arguments[index], CultureInfo.InvariantCulture);
    return measurement switch
    {
        nameof(LoadingMeasurement.LoadingGrowth) => LoadingMeasurement.LoadingGrowth(arguments[0], Number(1), Number(2)),
        nameof(StableDiffusionFolder.WriteTo) => StableDiffusionFolder.WriteTo(arguments[0]),
        nameof(LoadingMeasurement.LoadingTime) => LoadingMeasurement.LoadingTime(arguments[0]),
        nameof(UnetMeasurement.UnetCall) => UnetMeasurement.UnetCall(arguments[0], Number(1), Number(2)),
        nameof(UnetMeasurement.VjpGrowth) => UnetMeasurement.VjpGrowth(arguments[0], Number(1), Number(2) != 0, Number(3) != 0),
        nameof(UnetMeasurement.VjpTime) => UnetMeasurement.VjpTime(arguments[0], Number(1), Number(2) != 0),
        nameof(PipelineMeasurement.SamplePeak) => PipelineMeasurement.SamplePeak(arguments[0], Number(1)),
        nameof(PipelineMeasurement.RoundTrip) => PipelineMeasurement.RoundTrip(arguments[0], Number(1), Number(2)),
        "EstimatedMemory" => MeasurementProcess.ReturningFreedMemory.InLargePages.Run<double[]>(
            nameof(PipelineMeasurement.GrowthBesideEstimate), Number(0), Number(1)),
        nameof(PipelineMeasurement.GrowthBesideEstimate) => PipelineMeasurement.GrowthBesideEstimate(Number(0), Number(1)),
        nameof(PipelineMeasurement.GradientPeak) => PipelineMeasurement.GradientPeak(arguments[0], Number(1), Number(2)),
        nameof(OverheadBenchmark.Measure) => OverheadBenchmark.Measure(Number(0)),
        nameof(GuidanceBenchmark) => GuidanceBenchmark.Measure(Number(0)),
        nameof(GraphsBenchmark.GraphGrowth) => GraphsBenchmark.GraphGrowth(arguments[0]),
        nameof(GraphsBenchmark) => GraphsBenchmark.Ratio(
            arguments[0], double.Parse(arguments[1], CultureInfo.InvariantCulture), arguments[2]),
        nameof(PeersBenchmark.Write) => PeersBenchmark.Write(arguments[0]),
        nameof(PeersBenchmark.Seconds) => PeersBenchmark.Seconds(arguments[0]),
        nameof(PeersBenchmark.DefaultGrowth) => PeersBenchmark.DefaultGrowth(),
        nameof(SiluBenchmark) => SiluBenchmark.Measure(),
        nameof(NoiseBenchmark) => NoiseBenchmark.Measure(),
        nameof(ParticleBenchmark) => ParticleBenchmark.Measure(),
        nameof(ParticleBenchmark.ParticleGrowth) => ParticleBenchmark.ParticleGrowth(Number(0)),
        nameof(NetworkBenchmark.NetworkCall) => NetworkBenchmark.NetworkCall(Number(0)),
        nameof(MemoryMeasurement.PeakGrowth) => MemoryMeasurement.PeakGrowth(
            Number(0),
            arguments.Length > 1 ? Checkpointing.Revolve(Number(1)) : Checkpointing.States),
        nameof(TransformerMeasurement.Cost) => TransformerMeasurement.Cost(arguments[0], Number(1), Number(2)),
        nameof(TransformerMeasurement.Call) => TransformerMeasurement.Call(arguments[0], Number(1), Number(2), Number(3)),
        nameof(ReversibleMeasurement.Peak) => ReversibleMeasurement.Peak(Number(0)),
        nameof(ReversibleMeasurement.Growth) => ReversibleMeasurement.Growth(Number(0), Number(1)),
        nameof(StateArithmetic.Milliseconds) => StateArithmetic.Milliseconds(Number(0)),
        nameof(ReversibleBenchmark.Time) => ReversibleBenchmark.Time(),
        nameof(RecomputationMeasurement.UnetGrowth) => RecomputationMeasurement.UnetGrowth(Number(0) != 0),
        nameof(RecomputationMeasurement.DecoderGrowth) => RecomputationMeasurement.DecoderGrowth(Number(0) != 0),
        nameof(MemoryMeasurement.Residue) => MemoryMeasurement.Residue(Number(0)),
        _ => throw new ArgumentException($"There is no measurement {measurement}."),
    };
}
