using Costate.Testing;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>Networks at their full size, without memory for it: the counts of diffusers' own.</summary>
public sealed class TransformerSizeTests
{
    private const string Places = "pos_embed.pos_embed";

    [Theory]
    [InlineData("sd3-medium", 2_028_328_000, 683)]
    [InlineData("sd35-medium", 2_243_171_520, 909)]
    [InlineData("sd35-large", 8_056_627_520, 1227)]
    [InlineData("flux-schnell", 11_891_178_560, 1156)]
    [InlineData("flux-dev", 11_901_408_320, 1160)]
    [InlineData("dit-xl-2-256", 749_826_464, 538)]
    [InlineData("pixart-alpha-512", 610_856_096, 603)]
    [InlineData("pixart-alpha-1024", 611_349_152, 611)]
    public void FullSize_HasTheParametersOfThePublicNetwork(string name, long parameters, int tensors)
    {
        using var scope = NewDisposeScope();
        string config = Fixtures.PathTo("configs", $"{name}-transformer.json");
        using var meta = new MetaDevice();
        using nn.Module network = name.Split('-')[0] switch
        {
            "flux" => new FluxTransformer2DModel(FluxTransformer2DConfig.Read(config)),
            "dit" => new DiTTransformer2DModel(DiTTransformer2DConfig.Read(config)),
            "pixart" => new PixArtTransformer2DModel(PixArtTransformer2DConfig.Read(config)),
            _ => new SD3Transformer2DModel(SD3Transformer2DConfig.Read(config)),
        };
        (string Name, Parameter Parameter)[] trained = [.. network.named_parameters().Where(p => p.name != Places)];
        Assert.Equal(tensors, network.named_parameters().Count());
        Assert.Equal(parameters, trained.Sum(p => p.Parameter.numel()));
        Assert.All(trained, p => Assert.True(p.Parameter.requires_grad));
    }
}
