using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>A transformer of the goldens, called by the names of its inputs there.</summary>
internal sealed class GoldenTransformer : IDisposable
{
    private readonly Func<Func<string, Tensor?>, Tensor> call;
    private readonly Action<AttentionKind, bool> set;

    private GoldenTransformer(
        nn.Module module, IReadOnlyList<string> ignored, Func<Func<string, Tensor?>, Tensor> call, Action<AttentionKind, bool> set) =>
        (Module, IgnoredOptions, this.call, this.set) = (module, ignored, call, set);

    public static IReadOnlyList<string> Classes { get; } =
        ["SD3Transformer2DModel", "FluxTransformer2DModel", "DiTTransformer2DModel", "PixArtTransformer2DModel", "Transformer2DModel"];

    public nn.Module Module { get; }

    public IReadOnlyList<string> IgnoredOptions { get; }

    public static GoldenTransformer Open(string name, ScalarType dtype)
    {
        string folder = GoldenFolders.PathTo(name), config = Path.Combine(folder, "config.json");
        using WeightSource weights = WeightSource.Open(folder);
        return Class(config) switch
        {
            "SD3Transformer2DModel" => Of(SD3Transformer2DModel.Load(
                SD3Transformer2DConfig.Read(config), weights, null, dtype, true, null, default)),
            "FluxTransformer2DModel" => Of(FluxTransformer2DModel.Load(
                FluxTransformer2DConfig.Read(config), weights, null, dtype, true, null, default)),
            "DiTTransformer2DModel" => Of(DiTTransformer2DModel.Load(
                DiTTransformer2DConfig.Read(config), weights, null, dtype, true, null, default)),
            _ => Of(PixArtTransformer2DModel.Load(PixArtTransformer2DConfig.Read(config), weights, null, dtype, true, null, default)),
        };
    }

    /// <summary>Networks of the same weights that an option makes others.</summary>
    public static IEnumerable<(string Change, GoldenTransformer Network)> Wrong(string name)
    {
        string folder = GoldenFolders.PathTo(name), config = Path.Combine(folder, "config.json");
        using WeightSource weights = WeightSource.Open(folder);
        if (Class(config) == "DiTTransformer2DModel")
        {
            DiTTransformer2DConfig right = DiTTransformer2DConfig.Read(config);
            DiTTransformer2DConfig wrong = right with { NormEps = 1e-2 };
            yield return ("eps", Of(DiTTransformer2DModel.Load(wrong, weights, null, ScalarType.Float32, false, null, default)));
        }
        else if (Class(config) == "PixArtTransformer2DModel")
        {
            PixArtTransformer2DConfig right = PixArtTransformer2DConfig.Read(config);
            PixArtTransformer2DConfig wrong = right with { InterpolationScale = 1.5 * right.PlaceScale };
            yield return ("places", Of(PixArtTransformer2DModel.Load(wrong, weights, null, ScalarType.Float32, false, null, default)));
        }
        else if (Class(config) == "SD3Transformer2DModel")
        {
            SD3Transformer2DConfig right = SD3Transformer2DConfig.Read(config);
            if (right.QkNorm is null)
            {
                SD3Transformer2DConfig wrong = right with { NumAttentionHeads = 1, AttentionHeadDim = right.CaptionProjectionDim };
                yield return ("heads", Of(SD3Transformer2DModel.Load(wrong, weights, null, ScalarType.Float32, false, null, default)));
            }
        }
        else
        {
            FluxTransformer2DConfig right = FluxTransformer2DConfig.Read(config);
            FluxTransformer2DConfig wrong = right with { AxesDimsRope = [.. right.AxesDimsRope.Reverse()] };
            yield return ("axes", Of(FluxTransformer2DModel.Load(wrong, weights, null, ScalarType.Float32, false, null, default)));
        }
    }

    public void Set(AttentionKind kind, bool recomputes) => set(kind, recomputes);

    /// <summary>The output; inputs that are not given are those of the file.</summary>
    public Tensor Call(IReadOnlyDictionary<string, Tensor> expected, Dictionary<string, Tensor> given) =>
        call(name => given.TryGetValue(name, out Tensor? value) ? value : expected.GetValueOrDefault($"input.{name}"));

    public void Dispose() => Module.Dispose();

    private static GoldenTransformer Of(SD3Transformer2DModel network) => new(
        network,
        network.Config.IgnoredOptions,
        input => network.call(
            Like(network, input("sample"))!,
            input("timestep")!,
            Like(network, input("encoder_hidden_states"))!,
            Like(network, input("pooled_projections"))!),
        (kind, recomputes) => (network.Attention, network.GradientCheckpointing) = (kind, recomputes));

    private static GoldenTransformer Of(FluxTransformer2DModel network) => new(
        network,
        network.Config.IgnoredOptions,
        input => network.forward(
            Like(network, input("hidden_states"))!,
            input("timestep")!,
            Like(network, input("encoder_hidden_states"))!,
            Like(network, input("pooled_projections"))!,
            input("img_ids")!,
            input("txt_ids")!,
            input("guidance")),
        (kind, recomputes) => (network.Attention, network.GradientCheckpointing) = (kind, recomputes));

    private static GoldenTransformer Of(DiTTransformer2DModel network) => new(
        network,
        network.Config.IgnoredOptions,
        input => network.call(Like(network, input("sample"))!, input("timestep")!, input("class_labels")!),
        (kind, recomputes) => (network.Attention, network.GradientCheckpointing) = (kind, recomputes));

    private static GoldenTransformer Of(PixArtTransformer2DModel network) => new(
        network,
        network.Config.IgnoredOptions,
        input => network.forward(
            Like(network, input("sample"))!,
            input("timestep")!,
            Like(network, input("encoder_hidden_states"))!,
            input("encoder_attention_mask"),
            input("resolution"),
            input("aspect_ratio")),
        (kind, recomputes) => (network.Attention, network.GradientCheckpointing) = (kind, recomputes));

    // An older name with the kind in an option.
    private static string Class(string config)
    {
        JsonNode options = JsonNode.Parse(File.ReadAllText(config))!;
        string name = (string)options["_class_name"]!;
        return name != "Transformer2DModel" ? name
            : (string?)options["norm_type"] == "ada_norm_zero" ? "DiTTransformer2DModel"
            : "PixArtTransformer2DModel";
    }

    private static Tensor? Like(nn.Module network, Tensor? value) => value?.to(network.parameters().First().dtype);
}
