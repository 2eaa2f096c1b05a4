using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class UNet2DErrorTests
{
    private const string Weights = "diffusion_pytorch_model.safetensors";

    [Theory]
    [InlineData("down_block_types", """["DownBlock2D", "SkipDownBlock2D"]""", "SkipDownBlock2D")]
    [InlineData("up_block_types", """["ResnetUpsampleBlock2D", "UpBlock2D"]""", "ResnetUpsampleBlock2D")]
    [InlineData("mid_block_type", "\"UnCLIPUNetMidBlock2D\"", "mid_block_type")]
    [InlineData("time_embedding_type", "\"learned\"", "time_embedding_type")]
    [InlineData("resnet_time_scale_shift", "\"spatial\"", "resnet_time_scale_shift")]
    [InlineData("class_embed_type", "\"projection\"", "class_embed_type")]
    [InlineData("act_fn", "\"tanh\"", "act_fn")]
    [InlineData("downsample_type", "\"resnet\"", "downsample_type")]
    [InlineData("upsample_type", "\"resnet\"", "upsample_type")]
    [InlineData("downsample_padding", "2", "downsample_padding")]
    [InlineData("attention_legacy_order", "true", "attention_legacy_order")]
    public void UnsupportedOption_IsNamed(string option, string value, string named)
    {
        using ModelFolder folder = Folder().Set(option, JsonNode.Parse(value));
        Assert.Contains(
            named,
            Assert.Throws<NotSupportedException>(() => UNet2DModel.FromPretrained(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void NotesOfAveragedWeights_AreNoOptions()
    {
        using ModelFolder folder = Folder()
            .Set("decay", 0.9999)
            .Set("optimization_step", 1000)
            .Set("inv_gamma", 1.0)
            .Set("power", 0.75)
            .Set("update_after_step", 0);
        UNet2DConfig.Read(Path.Combine(folder.Path, "config.json"));
    }

    [Theory]
    [InlineData(ScalarType.Byte, "U8")]
    [InlineData(ScalarType.Int8, "I8")]
    [InlineData(ScalarType.Bool, "BOOL")]
    public void WeightsInCodes_AreNamed(ScalarType dtype, string named)
    {
        using ModelFolder folder = Folder().Change(tensors => tensors["conv_in.weight"] = tensors["conv_in.weight"].to(dtype));
        string message = Assert.Throws<InvalidDataException>(() => UNet2DModel.FromPretrained(folder.Path)).Message;
        Assert.Contains($"'conv_in.weight' as {named}", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("block_out_channels", "[32, 63]")]
    [InlineData("block_out_channels", "[]")]
    [InlineData("block_out_channels", "[32, 64, 64]")]
    [InlineData("block_out_channels", "[0, 64]")]
    [InlineData("block_out_channels", "[32, 2000000000]")]
    [InlineData("in_channels", "-3")]
    [InlineData("layers_per_block", "0")]
    [InlineData("norm_num_groups", "0")]
    [InlineData("attention_head_dim", "65")]
    [InlineData("attn_norm_num_groups", "7")]
    [InlineData("num_class_embeds", "0")]
    [InlineData("time_embedding_dim", "0")]
    [InlineData("dropout", "1.5")]
    public void SizesThatDoNotFit_AreNamed(string option, string value)
    {
        using ModelFolder folder = Folder().Set(option, JsonNode.Parse(value));
        Assert.Contains(
            option,
            Assert.Throws<ArgumentException>(() => UNet2DModel.FromPretrained(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("in_channels", "3.5")]
    [InlineData("in_channels", "\"3\"")]
    [InlineData("flip_sin_to_cos", "1")]
    [InlineData("norm_eps", "\"small\"")]
    [InlineData("block_out_channels", "[32, null]")]
    [InlineData("down_block_types", "\"DownBlock2D\"")]
    [InlineData("sample_size", "[1, 2, 3]")]
    public void ValuesOfAnotherKind_AreNamed(string option, string value)
    {
        using ModelFolder folder = Folder().Set(option, JsonNode.Parse(value));
        Assert.Contains(
            option,
            Assert.Throws<InvalidDataException>(() => UNet2DModel.FromPretrained(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"_class_name": "UNet2DConditionModel"}""")]
    public void OtherFiles_AreRefused(string config)
    {
        using ModelFolder folder = Folder().Write(config);
        Assert.Contains(
            "config.json",
            Assert.Throws<InvalidDataException>(() => UNet2DModel.FromPretrained(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void MissingFiles_AreNamed()
    {
        using ModelFolder folder = Folder();
        File.Delete(Path.Combine(folder.Path, Weights));
        Assert.Contains(Weights, Assert.Throws<FileNotFoundException>(() => UNet2DModel.FromPretrained(folder.Path)).Message,
            StringComparison.Ordinal);
        File.Delete(Path.Combine(folder.Path, "config.json"));
        Assert.Contains(
            "config.json",
            Assert.Throws<FileNotFoundException>(() => UNet2DModel.FromPretrained(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void MissingParameter_IsNamedWithItsShape()
    {
        using ModelFolder folder = Folder().Change(tensors => tensors.Remove("mid_block.resnets.1.conv1.weight"));
        string message = Assert.Throws<InvalidDataException>(() => UNet2DModel.FromPretrained(folder.Path)).Message;
        Assert.Contains("no parameter 'mid_block.resnets.1.conv1.weight' of shape [64, 64, 3, 3]", message, StringComparison.Ordinal);
    }

    [Fact]
    public void ExtraParameter_IsNamedWithItsShape()
    {
        using ModelFolder folder = Folder().Change(tensors => tensors.Add("mid_block.extra", zeros(2, 3)));
        string message = Assert.Throws<InvalidDataException>(() => UNet2DModel.FromPretrained(folder.Path)).Message;
        Assert.Contains("'mid_block.extra' of shape [2, 3]", message, StringComparison.Ordinal);
    }

    [Fact]
    public void MisshapenParameter_IsNamedWithBothShapes()
    {
        using ModelFolder folder = Folder().Change(tensors => tensors["conv_in.weight"] = zeros(32, 3, 1, 1));
        string message = Assert.Throws<InvalidDataException>(() => UNet2DModel.FromPretrained(folder.Path)).Message;
        Assert.Contains(
            "'conv_in.weight' in shape [32, 3, 1, 1]; the network has it in shape [32, 3, 3, 3]",
            message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void OldNamesOfAttention_AreUnderstood()
    {
        using var scope = NewDisposeScope();
        (string New, string Old)[] names =
            [(".to_q.", ".query."), (".to_k.", ".key."), (".to_v.", ".value."), (".to_out.0.", ".proj_attn.")];
        using ModelFolder folder = Folder().Change(tensors =>
        {
            foreach ((string name, Tensor tensor) in tensors.ToArray())
            {
                tensors.Remove(name);
                tensors.Add(names.Aggregate(name, (n, pair) => n.Replace(pair.New, pair.Old, StringComparison.Ordinal)), tensor);
            }
        });
        using UNet2DModel old = UNet2DModel.FromPretrained(folder.Path);
        using UNet2DModel present = UNet2DModel.FromPretrained(Costate.Testing.Fixtures.PathTo("networks", "unet2d-ddpm"));
        Tensor x = StartNoise.Draw([1, 3, 8, 8], 1);
        Near.Equal(present.call(x, tensor([5f])), old.call(x, tensor([5f])), 0);

        folder.Change(tensors => tensors.Add("mid_block.attentions.0.to_q.bias", zeros(64)));
        Assert.Contains(
            "old and new name",
            Assert.Throws<InvalidDataException>(() => UNet2DModel.FromPretrained(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Inputs_AreCheckedBeforeNativeCode()
    {
        using var scope = NewDisposeScope();
        using UNet2DModel plain = UNet2DModel.FromPretrained(Costate.Testing.Fixtures.PathTo("networks", "unet2d-ddpm"));
        using UNet2DModel classes = UNet2DModel.FromPretrained(Costate.Testing.Fixtures.PathTo("networks", "unet2d-class"));
        Tensor t = tensor([5f]);
        Refuses("[1, 4, 8, 8]", () => plain.call(zeros(1, 4, 8, 8), t));
        Refuses("multiples of 2", () => plain.call(zeros(1, 3, 8, 7), t));
        Refuses("[3, 8, 8]", () => plain.call(zeros(3, 8, 8), t));
        Refuses("Float64", () => plain.call(zeros(1, 3, 8, 8, dtype: ScalarType.Float64), t));
        Refuses("t of shape [1]; expected [2]", () => plain.call(zeros(2, 3, 8, 8), t));
        Refuses("has no classes", () => plain.forward(zeros(1, 3, 8, 8), t, t));
        Refuses("class-conditional", () => classes.call(zeros(1, 1, 8, 8), t));
        Refuses("labels of shape [2]; expected [1]", () => classes.forward(zeros(1, 1, 8, 8), t, tensor([1f, 2f])));

        static void Refuses(string text, Func<Tensor> call) =>
            Assert.Contains(text, Assert.Throws<ArgumentException>(() => { call(); }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Loading_ReportsAndCanBeCancelled()
    {
        using var scope = NewDisposeScope();
        string path = Costate.Testing.Fixtures.PathTo("networks", "unet2d-ddpm");
        var progress = new LastBytes();
        using UNet2DModel network = UNet2DModel.FromPretrained(path, progress: progress);
        Assert.Equal(network.parameters().Sum(p => p.numel() * 4), progress.Value);
        Assert.Throws<OperationCanceledException>(() =>
            UNet2DModel.FromPretrained(path, cancellationToken: new CancellationToken(canceled: true)));
    }

    private static ModelFolder Folder() => new(Weights, "networks", "unet2d-ddpm");

    private sealed class LastBytes : IProgress<long>
    {
        public long Value { get; private set; }

        public void Report(long value) => Value = value;
    }
}
