using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>DiT: a class in place of a text.</summary>
internal sealed class DiTFamily : TransformerFamily
{
    private readonly DiTTransformer2DConfig config;

    internal DiTFamily(string folder, JsonOptions index, string? scheduler, Prediction? prediction)
        : base(folder, index, scheduler, prediction)
    {
        Require(Network, DiTTransformer2DConfig.ClassName, DiTTransformer2DConfig.OldClassName);
        config = DiTTransformer2DConfig.Read(Config(Network));
        RequireLatents(config.InChannels, config.OutChannels);
        Labels = index.TextsByName("id2label");
    }

    internal override double UsualScale => 4;

    internal override (int Height, int Width) PictureSize => (config.SampleSize * VaeConfig.Factor, config.SampleSize * VaeConfig.Factor);

    internal override (int Width, int Blocks, int Tokens) Shape => (config.Width, config.NumLayers, 0);

    /// <summary>Number of classes; as a class it stands for none.</summary>
    internal int Classes => config.NumEmbedsAdaNorm;

    /// <summary>Names of classes, several with commas between them, by their numbers.</summary>
    internal IReadOnlyDictionary<string, string> Labels { get; }

    private protected override int PatchSize => config.PatchSize;

    internal override nn.Module LoadNetwork(
        WeightSource weights,
        Device? device,
        ScalarType dtype,
        bool trainable,
        IProgress<long>? progress,
        CancellationToken cancellationToken) =>
        DiTTransformer2DModel.Load(config, weights, device, dtype, trainable, progress, cancellationToken);

    internal override IPipelineTexts Texts(TransformerNetworks networks, ScalarType dtype) => new ClassNames(this, networks.Network);

    internal override Tensor Call(nn.Module network, Tensor x, Tensor t, Costate.Condition z, double scale)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor output = ((DiTTransformer2DModel)network).call(x, t, Entry(z, ClassNames.Class));

        // A learned variance is left out.
        return output.narrow(1, 0, VaeConfig.LatentChannels).MoveToOuterDisposeScope();
    }
}
