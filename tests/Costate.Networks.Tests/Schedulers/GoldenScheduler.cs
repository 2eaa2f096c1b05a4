using System.Text.Json;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>A run of diffusers on a closed-form network.</summary>
internal sealed class GoldenScheduler
{
    private static readonly long[] StateShape = [2, 3];

    // Where diffusers draws nothing the table may have noise of weight 0; any other weight shows.
    private static readonly double[] NotDrawn = [1, 1, 1, 1, 1, 1];

    private GoldenScheduler(JsonElement root)
    {
        Scheduler = root.GetProperty("scheduler").GetString()!;
        Config = root.GetProperty("config").Clone();
        Steps = root.GetProperty("steps").GetInt32();
        GivenSigmas = root.TryGetProperty("pipeline_sigmas", out JsonElement given) ? Numbers(given) : null;
        Mu = root.TryGetProperty("mu", out JsonElement mu) ? mu.GetDouble() : null;
        Eta = root.TryGetProperty("step_arguments", out JsonElement arguments) && arguments.TryGetProperty("eta", out JsonElement eta)
            ? eta.GetDouble() : null;
        StartDeviation = root.TryGetProperty("init_noise_sigma", out JsonElement deviation) ? deviation.GetDouble() : null;
        Timesteps = Numbers(root.GetProperty("timesteps"));
        Sigmas = root.TryGetProperty("sigmas", out JsonElement sigmas) && sigmas.ValueKind == JsonValueKind.Array ? Numbers(sigmas) : [];
        States = [.. root.GetProperty("x").EnumerateArray().Select(Numbers)];
        Noises = [.. root.GetProperty("noise").EnumerateArray().Select(Numbers)];
    }

    internal string Scheduler { get; }

    internal JsonElement Config { get; }

    internal int Steps { get; }

    /// <summary>The noise levels that a pipeline hands to the scheduler, or null.</summary>
    internal double[]? GivenSigmas { get; }

    /// <summary>The shift that a pipeline hands to it, or null.</summary>
    internal double? Mu { get; }

    /// <summary>The deviation of the noise that a run starts from, or null.</summary>
    internal double? StartDeviation { get; }

    /// <summary>The eta that each step is given, or null.</summary>
    internal double? Eta { get; }

    internal double[] Timesteps { get; }

    internal double[] Sigmas { get; }

    internal double[][] States { get; }

    internal double[][] Noises { get; }

    /// <summary>Whether its states are divided by alpha.</summary>
    internal bool IsVarianceExploding => Scheduler is "EulerDiscreteScheduler" or "HeunDiscreteScheduler"
        or "EulerAncestralDiscreteScheduler" or "LMSDiscreteScheduler" or "KDPM2DiscreteScheduler" or "KDPM2AncestralDiscreteScheduler";

    /// <summary>The deviation of the data of a preconditioned network, whose states are its scaled inputs here; null for others.</summary>
    internal double? DataDeviation => Scheduler is "CMStochasticIterativeScheduler" or "EDMEulerScheduler"
        or "EDMDPMSolverMultistepScheduler" ? (Config.TryGetProperty("sigma_data", out JsonElement data) ? data.GetDouble() : 0.5) : null;

    /// <summary>Folder and name of each.</summary>
    internal static IEnumerable<string> Files => new[] { "schedulers", "schedulers-more" }.SelectMany(folder => Directory
        .EnumerateFiles(Goldens.PathTo(folder), "*.json")
        .Select(path => $"{folder}/{Path.GetFileNameWithoutExtension(path)}")
        .Order(StringComparer.Ordinal));

    internal static GoldenScheduler Load(string name)
    {
        // Python writes NaN, which JSON does not have.
        string json = File.ReadAllText(Goldens.PathTo(name + ".json")).Replace("NaN", "null", StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(json);
        return new GoldenScheduler(document.RootElement);
    }

    /// <summary>The configuration, whose clipping the network does.</summary>
    internal SchedulerConfiguration Configuration() => SchedulerConfiguration.Parse(ConfigurationJson(), ignoreClipping: true);

    /// <summary>The file as diffusers saves it.</summary>
    internal string ConfigurationJson() => TestConfiguration.Json(
        Scheduler, [.. Config.EnumerateObject().Select(option => $"\"{option.Name}\": {option.Value.GetRawText()}")]);

    /// <summary>What a pipeline of diffusers makes of the configuration.</summary>
    internal ScheduledSampling Sampling(SchedulerConfiguration configuration) =>
        GivenSigmas is null ? configuration.ForSteps(Steps, Mu, Eta) : configuration.ForNoiseLevels(GivenSigmas, Mu);

    /// <summary>The network, its data clipped where the configuration asks for it.</summary>
    internal static Denoiser Network(SchedulerConfiguration configuration, ScheduledSampling run) => run.Clipped(Network(configuration));

    /// <summary>The network of the files: 0.5 tanh(x) + 0.3 sin(0.004 t) + 0.2 x.</summary>
    internal static Denoiser Network(SchedulerConfiguration configuration) => Denoiser.FromFunction(
        (x, t, _) => (0.5 * x.tanh()) + (0.3 * (0.004 * t).sin()).unsqueeze(1) + (0.2 * x),
        configuration.Prediction,
        configuration.TimeScale,
        configuration.TrainingTimesteps,
        []);

    /// <summary>The start, on the schedule of the configuration.</summary>
    internal Tensor Start(SolverTable table) => tensor(States[0], StateShape, ScalarType.Float64).mul(StateScale(table, 0));

    internal double StateScale(SolverTable table, int row) => DataDeviation is { } deviation
        ? table.Schedule.Alpha(table.Rows[row].Time) / deviation
        : IsVarianceExploding ? table.Schedule.Alpha(table.Rows[row].Time) : 1;

    internal BrownianPath? Noise(SolverTable table)
    {
        if (Noises.Length == 0)
        {
            return null;
        }

        // A scheduler of two calls a step draws in every other; one that draws twice in a call uses the last.
        int count = table.NoiseIntervals.Count;
        IEnumerable<double[]> calls = Scheduler == "KDPM2AncestralDiscreteScheduler" ? Noises.Where(n => n.Length > 0).Append([]) : Noises;
        double[] values = [.. calls.Take(count).SelectMany(n => n.Length > 0 ? n[^NotDrawn.Length..] : NotDrawn)];
        return BrownianPath.Recorded(tensor(values, [count, .. StateShape], ScalarType.Float64));
    }

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().SelectMany(e => e.ValueKind switch
    {
        JsonValueKind.Array => Numbers(e),
        JsonValueKind.Null => [double.NaN],
        _ => [e.GetDouble()],
    })];
}
