using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>The single files of tests/goldens/pipelines against the same models' folders.</summary>
public sealed class OriginalCheckpointGoldenTests
{
    private static readonly string Root = Goldens.PathTo("pipelines");

    public static TheoryData<string> SingleFiles() => [.. Directory.GetDirectories(Root)
        .Select(folder => Path.Combine(folder, "single-file"))
        .Where(Directory.Exists)
        .SelectMany(Directory.GetFiles)
        .Select(file => Path.GetRelativePath(Root, file))];

    [Theory]
    [MemberData(nameof(SingleFiles))]
    public void Parts_AreThoseOfTheFolder(string file)
    {
        using WeightSource source = WeightSource.Open(Path.Combine(Root, file));
        OriginalCheckpoint original = OriginalCheckpoint.Of(source);
        string model = Path.Combine(Root, file.Split(Path.DirectorySeparatorChar)[0]);

        Equal(Path.Combine(model, "unet"), original.Unet());
        Equal(Path.Combine(model, "vae"), original.Vae());
        Equal(Path.Combine(model, "text_encoder"), original.TextEncoder());
        Assert.Equal(Directory.Exists(Path.Combine(model, "text_encoder_2")) ? 2 : 1, original.TextEncoders);
        if (original.TextEncoders == 2)
        {
            Equal(Path.Combine(model, "text_encoder_2"), original.TextEncoder(1));
        }
    }

    [Theory]
    [MemberData(nameof(SingleFiles))]
    public void Network_IsToldToTakeAPart(string file)
    {
        using var scope = NewDisposeScope();
        using WeightSource source = WeightSource.Open(Path.Combine(Root, file));
        using var network = nn.Linear(2, 2);
        Assert.Contains("original layout", Assert.Throws<InvalidDataException>(() => ParameterFile.Load(source, network)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(SingleFiles))]
    public void Networks_TakeTheirParts(string file)
    {
        using WeightSource source = WeightSource.Open(Path.Combine(Root, file));
        OriginalCheckpoint original = OriginalCheckpoint.Of(source);
        string model = Path.Combine(Root, file.Split(Path.DirectorySeparatorChar)[0]);

        Takes(UNet2DConditionModel.FromPretrained(Path.Combine(model, "unet")), original.Unet());
        Takes(AutoencoderKL.FromPretrained(Path.Combine(model, "vae")), original.Vae());
        for (int i = 0; i < original.TextEncoders; i++)
        {
            Takes(ClipTextModel.FromPretrained(Path.Combine(model, i == 0 ? "text_encoder" : "text_encoder_2")), original.TextEncoder(i));
        }
    }

    // A network with other weights takes the part's, and has what it had.
    private static void Takes(nn.Module network, WeightSource part)
    {
        using var scope = NewDisposeScope();
        using (network)
        {
            Dictionary<string, Tensor> before = network.named_parameters().ToDictionary(p => p.name, p => p.parameter.detach().clone());
            using (no_grad())
            {
                foreach ((_, TorchSharp.Modules.Parameter parameter) in network.named_parameters())
                {
                    parameter.zero_();
                }
            }

            ParameterFile.Load(part, network);

            Assert.All(network.named_parameters(), p => Near.Equal(before[p.name], p.parameter.detach(), 0));
        }
    }

    private static void Equal(string folder, WeightSource part)
    {
        using WeightSource expected = WeightSource.Open(folder);
        Assert.Equal(expected.Names.Where(name => !name.EndsWith("position_ids", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal), part.Names.Order(StringComparer.Ordinal));
        foreach (string name in part.Names)
        {
            using var scope = NewDisposeScope();
            Tensor read = part.Read(name);
            Assert.Equal(part.Info(name).Shape, read.shape);
            Assert.Equal(part.Info(name).ByteCount, read.NumberOfElements * read.ElementSize);

            // The folder's weights are exact in float16, in which some files are.
            Tensor wanted = expected.Read(name);
            Near.Equal(wanted.flatten().to(ScalarType.Float32), read.flatten().to(ScalarType.Float32), 0);
        }
    }
}
