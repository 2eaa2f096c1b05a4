using Costate.Faces.Recognition;
using Costate.Networks;
using Costate.Networks.Tests;
using Costate.Testing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Recognition;

public sealed class FaceRecogniserTests
{
    // As far as embeddings of one item differ in batches of different sizes, in float32.
    private const double Float32Tolerance = 1e-5;

    private static readonly FaceRecogniserConfig Tiny = new() { ImageSize = 32, Width = 8, EmbeddingWidth = 6 };

    [Fact]
    public void Embeddings_HaveUnitLengthAndTheDirectionOfFeatures()
    {
        using var scope = NewDisposeScope();
        using FaceRecogniser network = RandomParameters.Fill(new FaceRecogniser(Tiny));
        Tensor faces = StartNoise.Draw([3, 3, 32, 32], 1);
        Tensor embeddings = network.Embed(faces), features = network.call(faces);

        Assert.Equal([3, 6], embeddings.shape);
        Near.Equal(ones(3), embeddings.norm(1), Float32Tolerance);
        Near.Equal(features / features.norm(1, keepdim: true), embeddings, Float32Tolerance);
    }

    [Fact]
    public void Embed_IsDifferentiable()
    {
        using var scope = NewDisposeScope();
        using FaceRecogniser network = RandomParameters.Fill(new FaceRecogniser(Tiny));
        network.to(ScalarType.Float64);
        Tensor faces = Draw(1, 2, 3, 32, 32), direction = Draw(2, 2, 3, 32, 32), cotangent = Draw(3, 2, 6);

        (_, Tensor[] products) = Vjp.Take(input => network.Embed(input[0]), cotangent, faces);

        const double Step = 1e-5;
        Tensor difference = (network.Embed(faces + (Step * direction)) - network.Embed(faces - (Step * direction))) / (2 * Step);
        // A central difference of step 1e-5 in float64 is good to about 1e-10.
        Near.Equal((difference * cotangent).sum(), (products[0] * direction).sum(), 1e-7);

        network.Embed(faces).mul(cotangent).sum().backward();
        Assert.All(network.named_parameters(), p => Assert.True(p.parameter.grad?.abs().max().item<double>() > 0, p.name));
        static Tensor Draw(ulong seed, params long[] shape) => StartNoise.Draw(shape, seed, ScalarType.Float64);
    }

    [Fact]
    public void Items_DoNotDependOnTheirBatch()
    {
        using var scope = NewDisposeScope();
        using FaceRecogniser network = RandomParameters.Fill(new FaceRecogniser(Tiny));
        Tensor faces = StartNoise.Draw([3, 3, 32, 32], 1);
        Tensor together = network.Embed(faces);
        for (int i = 0; i < 3; i++)
        {
            Near.Equal(together.narrow(0, i, 1), network.Embed(faces.narrow(0, i, 1)), Float32Tolerance);
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    public void Saved_ComesBack(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using FaceRecogniser network = RandomParameters.Fill(new FaceRecogniser(Tiny with { Blocks = 2 }));
        network.Save(folder.PathTo("r.safetensors"), dtype, new Dictionary<string, string> { ["loss"] = "arcface" });
        using FaceRecogniser back = FaceRecogniser.FromPretrained(folder.PathTo("r.safetensors"));

        Assert.Equal(network.Config, back.Config);
        Assert.False(back.training);
        foreach ((string name, Parameter parameter) in back.named_parameters())
        {
            Assert.False(parameter.requires_grad);
            Near.Equal(network.get_parameter(name)!.to(dtype).to(ScalarType.Float32), parameter, 0);
        }

        using SafetensorsFile file = SafetensorsFile.Open(folder.PathTo("r.safetensors"));
        Assert.Equal("arcface", file.Metadata["loss"]);
    }

    [Theory]
    [InlineData(
        """{"image_size":32,"width":16,"embedding_width":6}""",
        "'first.weight' in shape [8, 3, 3, 3]; the network has it in shape [16, 3, 3, 3]")]
    [InlineData("""{"image_size":32,"width":8,"embedding_width":6,"blocks":2}""", "no parameter 'stages.0.block_1.norm.weight'")]
    public void OtherLayout_IsNamedByItsFirstParameter(string config, string named)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var network = new FaceRecogniser(Tiny);
        SafetensorsFile.Write(
            folder.PathTo("r.safetensors"),
            network.named_parameters().Select(p => KeyValuePair.Create(p.name, (Tensor)p.parameter.detach())),
            new Dictionary<string, string> { ["config"] = config });
        string message = Assert.Throws<InvalidDataException>(() => FaceRecogniser.FromPretrained(folder.PathTo("r.safetensors"))).Message;
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, typeof(InvalidDataException), "config")]
    [InlineData("{", typeof(InvalidDataException), "not a JSON object")]
    [InlineData("""{"width":12}""", typeof(ArgumentException), "width")]
    [InlineData("""{"width":-8}""", typeof(ArgumentException), "width")]
    [InlineData("""{"image_size":40}""", typeof(ArgumentException), "image_size")]
    [InlineData("""{"embedding_width":1e9}""", typeof(InvalidDataException), "embedding_width")]
    [InlineData("""{"blocks":0}""", typeof(ArgumentException), "blocks")]
    [InlineData("""{"pooling":"max"}""", typeof(NotSupportedException), "pooling")]
    public void UntrustedConfiguration_IsRefused(string? config, Type exception, string named)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        SafetensorsFile.Write(
            folder.PathTo("r.safetensors"),
            new Dictionary<string, Tensor> { ["x"] = zeros(1) },
            config is null ? null : new Dictionary<string, string> { ["config"] = config });
        Exception thrown = Assert.Throws(exception, () => FaceRecogniser.FromPretrained(folder.PathTo("r.safetensors")));
        Assert.Contains(named, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inputs_AreCheckedBeforeNativeCode()
    {
        using var scope = NewDisposeScope();
        using var network = new FaceRecogniser(Tiny);
        Refuses("[1, 4, 32, 32]", () => network.Embed(zeros(1, 4, 32, 32)));
        Refuses("[1, 3, 64, 64]", () => network.Embed(zeros(1, 3, 64, 64)));
        Refuses("Float64", () => network.Embed(zeros(1, 3, 32, 32, dtype: ScalarType.Float64)));

        static void Refuses(string text, Func<Tensor> call) =>
            Assert.Contains(text, Assert.Throws<ArgumentException>(() => { call(); }).Message, StringComparison.Ordinal);
    }
}
