using Costate.Networks;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Benchmarks.Transformers;

/// <summary>
/// A network of a published family with about 300 million random parameters: as wide as a small model of it would be, and as deep as that
/// number makes it.
/// </summary>
internal sealed class MiddleNetwork : IDisposable
{
    /// <summary>The families by name, and how many blocks make 300 million parameters of each; of ADM, residual blocks a level.</summary>
    internal static readonly (string Name, int Blocks)[] Families = [("sd3", 14), ("flux", 25), ("dit", 11), ("pixart", 13), ("adm", 2)];

    // Of texts that the published pipelines read: CLIP's 77 and T5's 256, T5's 512, 120 of PixArt.
    private const int WidthOfTexts = 4096;

    private const double Deviation = 0.02;

    private readonly Func<Tensor, Tensor, Tensor> call;

    private MiddleNetwork(nn.Module network, int channels, int heads, Func<Tensor, Tensor, Tensor> call)
    {
        (Module, Channels, Heads, this.call) = (network, channels, heads, call);
        network.eval();
        foreach (Parameter parameter in network.parameters())
        {
            parameter.requires_grad = false;
        }
    }

    internal nn.Module Module { get; }

    /// <summary>Of the latents.</summary>
    internal int Channels { get; }

    /// <summary>Heads of its attentions; 0 for ADM, whose levels differ.</summary>
    internal int Heads { get; }

    /// <summary>Width, number of blocks and tokens of a text, of which costate model's formula makes a peak; null for ADM.</summary>
    internal (int Width, int Blocks, int Tokens, bool IsBeside)? Shape { get; private init; }

    internal long Parameters => Module.parameters().Sum(p => p.numel());

    internal bool Recomputes
    {
        set => ((IRecomputing)Module).GradientCheckpointing = value;
    }

    internal Denoiser Denoiser => Denoiser.FromFunction((Tensor x, Tensor t, Tensor? _) => Call(x, t), Prediction.Flow, parameters: []);

    /// <summary>Makes one.</summary>
    /// <param name="family">Its name.</param>
    /// <param name="blocks">How many it has.</param>
    internal static MiddleNetwork Of(string family, int blocks) => family switch
    {
        "sd3" => Sd3(blocks),
        "flux" => Flux(blocks),
        "dit" => Dit(blocks),
        "pixart" => PixArt(blocks),
        "adm" => Adm(blocks),
        _ => throw new ArgumentException($"There is no family {family}."),
    };

    /// <summary>Its output, in the caller's dispose scope.</summary>
    internal Tensor Call(Tensor x, Tensor t) => call(x, t);

    public void Dispose() => Module.Dispose();

    private static MiddleNetwork Sd3(int blocks)
    {
        const int Tokens = 333;
        var config = new SD3Transformer2DConfig { NumAttentionHeads = 12, CaptionProjectionDim = 768, NumLayers = blocks };
        var network = new SD3Transformer2DModel(config);
        (Tensor text, Tensor pooled) = (Text(Tokens, WidthOfTexts), Text(1, 2048).squeeze(1).DetachFromDisposeScope());
        return new MiddleNetwork(network, 16, 12, (x, t) => network.call(x, t, text, pooled))
        {
            Shape = (768, blocks, Tokens, false),
        };
    }

    private static MiddleNetwork Flux(int blocks)
    {
        const int Tokens = 512;
        int doubles = Math.Max(1, blocks / 4);
        var network = new FluxTransformer2DModel(
            new FluxTransformer2DConfig { NumAttentionHeads = 6, NumLayers = doubles, NumSingleLayers = blocks - doubles });
        (Tensor text, Tensor pooled) = (Text(Tokens, WidthOfTexts), Text(1, 768).squeeze(1).DetachFromDisposeScope());
        return new MiddleNetwork(network, 16, 6, Called) { Shape = (768, blocks, Tokens, true) };

        Tensor Called(Tensor x, Tensor t)
        {
            (long height, long width) = (x.shape[2], x.shape[3]);
            Tensor rows = arange(height / 2).unsqueeze(1).expand(height / 2, width / 2).flatten();
            Tensor columns = arange(width / 2).unsqueeze(0).expand(height / 2, width / 2).flatten();
            Tensor places = stack([zeros_like(rows), rows, columns], 1);
            Tensor packed = x.unflatten(2, [-1, 2]).unflatten(4, [-1, 2]).permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2);
            Tensor output = network.forward(packed, t, text, pooled, places, zeros(Tokens, 3), null);
            return output.unflatten(1, [height / 2, width / 2]).unflatten(3, [-1, 2, 2]).permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3);
        }
    }

    private static MiddleNetwork Dit(int blocks)
    {
        var network = new DiTTransformer2DModel(new DiTTransformer2DConfig { NumLayers = blocks });
        Tensor classes = zeros(1, ScalarType.Int64).DetachFromDisposeScope();
        return new MiddleNetwork(network, 4, 16, (x, t) => network.call(x, t, classes)) { Shape = (1152, blocks, 0, false) };
    }

    private static MiddleNetwork PixArt(int blocks)
    {
        const int Tokens = 120;
        var network = new PixArtTransformer2DModel(new PixArtTransformer2DConfig
        {
            NumLayers = blocks,
            SampleSize = 64,
            CaptionChannels = WidthOfTexts,
            OutChannels = 4,
        });
        Tensor text = Text(Tokens, WidthOfTexts);
        return new MiddleNetwork(network, 4, 16, (x, t) => network.call(x, t, text)) { Shape = (1152, blocks, Tokens, false) };
    }

    private static MiddleNetwork Adm(int blocks)
    {
        var network = new AdmUNetModel(AdmConfig.ImageNet256 with { ModelChannels = 192, NumResBlocks = blocks, OutChannels = 3 });
        return new MiddleNetwork(network, 3, 0, (x, t) => network.call(x, t));
    }

    private static Tensor Text(int tokens, int width) => randn(1, tokens, width).mul_(Deviation).DetachFromDisposeScope();
}
