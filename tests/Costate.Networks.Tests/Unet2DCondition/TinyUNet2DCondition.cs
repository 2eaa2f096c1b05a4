using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>A small network of the kind of SDXL's, and what it is called with.</summary>
internal static class TinyUNet2DCondition
{
    public static UNet2DConditionConfig Plain { get; } = new()
    {
        BlockOutChannels = [8, 16],
        DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"],
        UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
        LayersPerBlock = [1],
        NormNumGroups = 4,
        CrossAttentionDim = [12],
        AttentionHeadDim = [2, 4],
    };

    public static UNet2DConditionConfig WithText { get; } = Plain with
    {
        DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"],
        UpBlockTypes = ["CrossAttnUpBlock2D", "UpBlock2D"],
        TransformerLayersPerBlock = [1, 2],
        UseLinearProjection = true,
        AdditionEmbedType = "text_time",
        AdditionTimeEmbedDim = 4,
        ProjectionClassEmbeddingsInputDim = 10 + (6 * 4),
    };

    public static UNet2DConditionModel Network(UNet2DConditionConfig config, ScalarType dtype = ScalarType.Float64)
    {
        UNet2DConditionModel network = RandomParameters.Fill(new UNet2DConditionModel(config));
        network.to(dtype);
        PretrainedNetwork.OwnParameters(network);
        return network;
    }

    /// <summary>Sample, text, pooled text.</summary>
    public static Tensor[] Inputs(int batch = 2, int height = 6, int width = 5, ScalarType dtype = ScalarType.Float64) =>
    [
        StartNoise.Draw([batch, 4, height, width], 1, dtype),
        StartNoise.Draw([batch, 3, 12], 2, dtype),
        StartNoise.Draw([batch, 10], 3, dtype),
    ];

    public static Tensor Times(int batch = 2) => linspace(13, 700, batch, ScalarType.Float64);

    public static Tensor TimeIds(int batch = 2) => tensor(new double[] { 512, 768, 0, 8, 1024, 1024 }).expand(batch, -1);

    public static Tensor Call(UNet2DConditionModel network, Tensor[] inputs) => network.Config.AdditionEmbedType is null
        ? network.call(inputs[0], Times((int)inputs[0].shape[0]), inputs[1])
        : network.forward(inputs[0], Times((int)inputs[0].shape[0]), inputs[1], inputs[2], TimeIds((int)inputs[0].shape[0]));
}
