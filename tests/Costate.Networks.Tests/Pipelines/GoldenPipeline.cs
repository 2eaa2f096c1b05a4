using System.Text.Json.Nodes;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>A run of one of diffusers' pipelines on a small model.</summary>
internal sealed class GoldenPipeline
{
    private static readonly string Root = Goldens.PathTo("pipelines");

    // The schedulers of the runs, each with the defaults of its class.
    private static readonly (string Name, string Class)[] Schedulers =
        [("ddim", "DDIMScheduler"), ("dpmpp2m", "DPMSolverMultistepScheduler")];

    private readonly string scheduler;

    private GoldenPipeline(string name)
    {
        string[] parts = name.Split('/');
        Folder = Path.Combine(Root, parts[0]);
        scheduler = parts[2];
        JsonNode run = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "runs.json")))![parts[1]]!;
        Prompt = (string)run["prompt"]!;
        Negative = (string?)run["negative"];
        Guidance = (double)run["guidance"]!;
        ClipSkip = (int?)run["extra"]?["encode"]?["clip_skip"] ?? 0;
        Sizes = run["extra"]?["call"] is { } call && call["original_size"] is not null
            ? new PictureSizes(Pair(call["original_size"]!), Pair(call["target_size"]!), Pair(call["crops_coords_top_left"]!))
            : null;
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(Folder, $"{parts[1]}.safetensors"));
        Expected = file.ReadAll();
    }

    /// <summary>The folders of models that a pipeline reads.</summary>
    public static IEnumerable<string> Folders => Directory.GetDirectories(Root)
        .Where(folder => (string?)JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "model_index.json")))!["_class_name"]
            is "StableDiffusionPipeline" or "StableDiffusionXLPipeline")
        .Order(StringComparer.Ordinal);

    /// <summary>Model, run and scheduler of each case.</summary>
    public static TheoryData<string> Names => [.. from folder in Folders
        from file in Directory.GetFiles(folder, "expected*.safetensors").Order(StringComparer.Ordinal)
        from scheduler in Schedulers
        select $"{Path.GetFileName(folder)}/{Path.GetFileNameWithoutExtension(file)}/{scheduler.Name}"];

    public string Folder { get; }

    public string Prompt { get; }

    public string? Negative { get; }

    public double Guidance { get; }

    public int ClipSkip { get; }

    /// <summary>What SDXL is told of sizes; null for those of the picture.</summary>
    public PictureSizes? Sizes { get; }

    public string Scheduler => Schedulers.Single(s => s.Name == scheduler).Class;

    /// <summary>Whether the run is of the folder's own scheduler.</summary>
    private bool IsOwn => Schedulers.All(s => s.Name != scheduler);

    public IReadOnlyDictionary<string, Tensor> Expected { get; }

    public int Steps => (int)Of("timesteps").shape[0];

    public static GoldenPipeline Read(string name) => new(name);

    /// <summary>A value of this scheduler's run.</summary>
    public Tensor Of(string name) => Expected[$"{scheduler}.{name}"];

    private static (int First, int Second) Pair(JsonNode pair) => ((int)pair[0]!, (int)pair[1]!);

    public DiffusionPipeline Open() => DiffusionPipeline.FromPretrained(Folder, scheduler: IsOwn ? null : Scheduler);
}
