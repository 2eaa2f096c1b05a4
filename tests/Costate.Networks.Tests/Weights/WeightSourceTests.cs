using System.Text;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class WeightSourceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Variants_AreNamedWhereNoneIsChosen()
    {
        Save("diffusion_pytorch_model.fp16.safetensors");
        Save("diffusion_pytorch_model.non_ema.safetensors");

        string message = Assert.Throws<FileNotFoundException>(() => WeightSource.Open(folder.FullName)).Message;
        Assert.Contains("'fp16', 'non_ema': name one", message, StringComparison.Ordinal);
        Assert.Contains("'fp16', 'non_ema'",
            Assert.Throws<FileNotFoundException>(() => WeightSource.Open(folder.FullName, "bf16")).Message, StringComparison.Ordinal);
        using WeightSource source = WeightSource.Open(folder.FullName, "non_ema");
        Assert.EndsWith("non_ema.safetensors", source.Path, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("diffusion_pytorch_model.fp16-00001-of-00001.safetensors", "diffusion_pytorch_model.safetensors.index.fp16.json")]
    [InlineData("diffusion_pytorch_model-00001-of-00001.fp16.safetensors", "diffusion_pytorch_model.safetensors.index.fp16.json")]
    [InlineData("model.fp16-00001-of-00001.safetensors", "model.safetensors.index.fp16.json")]
    public void ShardedVariants_AreFound(string shard, string index)
    {
        Save(shard);
        folder.Write(index, $$$"""{"metadata": {"total_size": 1}, "weight_map": {"weight": "{{{shard}}}"}}""");

        using WeightSource source = WeightSource.Open(folder.FullName, "fp16");

        Assert.Equal(["weight"], source.Names);
        Assert.Contains("'fp16'", Assert.Throws<FileNotFoundException>(() => WeightSource.Open(folder.FullName)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ShardThatIsMissing_IsNamed()
    {
        Save("model-00001-of-00002.safetensors");
        string index = folder.Write("model.safetensors.index.json", """
            {"weight_map": {"weight": "model-00001-of-00002.safetensors", "bias": "model-00002-of-00002.safetensors"}}
            """);
        string message = Assert.Throws<FileNotFoundException>(() => WeightSource.Open(index)).Message;
        Assert.Contains("'model-00002-of-00002.safetensors' is missing", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../diffusion_pytorch_model.safetensors")]
    [InlineData("/etc/model.safetensors")]
    [InlineData("a\\\\b.safetensors")]
    [InlineData(".hidden.safetensors")]
    [InlineData("c:model.safetensors")]
    [InlineData("passwords.txt")]
    [InlineData("")]
    public void Index_ThatPointsElsewhere_IsRefused(string file)
    {
        string index = folder.Write("model.safetensors.index.json", $$$"""{"weight_map": {"weight": "{{{file}}}"}}""");
        Assert.Contains("a file beside it", Assert.Throws<InvalidDataException>(() => WeightSource.Open(index)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"weight_map": {}}""")]
    [InlineData("""{"weight_map": {"a": 1}}""")]
    [InlineData("""{"weight_map": {"a": "x.bin", "a": "x.bin"}}""")]
    [InlineData("{")]
    public void Index_ThatIsNone_IsRefused(string json)
    {
        string index = folder.Write("model.safetensors.index.json", json);
        Assert.Contains(index, Assert.Throws<InvalidDataException>(() => WeightSource.Open(index)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "a.safetensors", "Git LFS")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "a.ckpt", "Git LFS")]
    [InlineData("<!DOCTYPE html><html>", "a.bin", "a web page")]
    [InlineData("\b\u0007\u0012\u0007pytorch:", "a.bin", "an ONNX file")]
    [InlineData("anything at all", "a.onnx", "an ONNX file")]
    [InlineData("GGUF\u0003", "a.bin", "a GGUF file")]
    [InlineData("{\"a\": 1}          ", "a.bin", "JSON")]
    [InlineData("no such thing as weights", "a.bin", "neither safetensors nor")]
    public void OtherFiles_AreNamedAsWhatTheyAre(string content, string name, string what)
    {
        string path = folder.Write(name, Encoding.UTF8.GetBytes(content));
        Exception error = Assert.ThrowsAny<Exception>(() => WeightSource.Open(path));
        Assert.True(error is InvalidDataException or IOException, error.ToString());
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("lora_unet_down_blocks_0.lora_up.weight", "a LoRA")]
    [InlineData("control_model.input_blocks.0.0.weight", "a ControlNet")]
    [InlineData("controlnet_cond_embedding.conv_in.weight", "a ControlNet")]
    [InlineData("emb_params", "a textual inversion")]
    [InlineData("model.diffusion_model.input_blocks.0.0.weight", "original layout")]
    [InlineData("another.weight", "different networks")]
    public void Loading_SaysWhatAFileThatDoesNotFitIs(string name, string what)
    {
        using var scope = NewDisposeScope();
        using var network = nn.Linear(2, 3);
        SafetensorsFile.Write(folder.PathTo("a.safetensors"), [KeyValuePair.Create(name, zeros(2)), KeyValuePair.Create("bias", zeros(4))]);
        using WeightSource source = WeightSource.Open(folder.PathTo("a.safetensors"));

        string message = Assert.Throws<InvalidDataException>(() => ParameterFile.Load(source, network)).Message;

        Assert.Contains(what, message, StringComparison.Ordinal);
        Assert.Contains("no parameter 'weight' of shape [3, 2].", message, StringComparison.Ordinal);
        Assert.Contains($"'{name}' of shape [2], which the network does not have", message, StringComparison.Ordinal);
        Assert.Contains("'bias' in shape [4]; the network has it in shape [3]", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Loading_TakesAConvolutionOfOnePixelForAMatrix()
    {
        using var scope = NewDisposeScope();
        using var network = nn.Linear(2, 3, hasBias: false);
        SafetensorsFile.Write(folder.PathTo("a.safetensors"),
            [KeyValuePair.Create("weight", arange(6).reshape(3, 2, 1, 1).to(ScalarType.Float32))]);
        using WeightSource source = WeightSource.Open(folder.PathTo("a.safetensors"));
        ParameterFile.Load(source, network);
        Near.Equal(arange(6).reshape(3, 2).to(ScalarType.Float32), network.weight!.detach(), 0);
    }

    [Fact]
    public void Loading_IntoFloat16_RefusesWhatBecomesInfinite()
    {
        using var scope = NewDisposeScope();
        using var network = nn.Linear(2, 1, hasBias: false, dtype: ScalarType.Float16);
        SafetensorsFile.Write(folder.PathTo("a.safetensors"), [KeyValuePair.Create("weight", tensor(new[,] { { 1f, -70000f } }))]);
        using WeightSource source = WeightSource.Open(folder.PathTo("a.safetensors"));
        string message = Assert.Throws<InvalidDataException>(() => ParameterFile.Load(source, network)).Message;
        Assert.Contains("'weight' with a value of 7e+04", message, StringComparison.Ordinal);
        Assert.Contains("bfloat16", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Loading_RefusesEightBits()
    {
        using var scope = NewDisposeScope();
        using var network = nn.Linear(2, 1, hasBias: false);
        string path = folder.Write("a.safetensors", RawSafetensors.File(RawSafetensors.Tensor("weight", "F8_E4M3", "[1,2]", "[0,2]"), 2));
        using WeightSource source = WeightSource.Open(path);
        Assert.Contains("(fp8)", Assert.Throws<InvalidDataException>(() => ParameterFile.Load(source, network)).Message,
            StringComparison.Ordinal);
    }

    private void Save(string name)
    {
        using var scope = NewDisposeScope();
        SafetensorsFile.Write(folder.PathTo(name), [KeyValuePair.Create("weight", ones(2))]);
    }
}
