using Costate.Faces.Models;
using Costate.Networks;
using Costate.Networks.Tests;
using Costate.Testing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Models;

public sealed class PatchedAutoencoderTests
{
    // As far as embeddings of one item differ in batches of different sizes, in float32.
    private const double Float32Tolerance = 1e-5;

    private static readonly PatchedAutoencoderConfig Tiny = new()
    {
        PatchSize = 2,
        Network = new DiffusionAutoencoderConfig
        {
            ImageSize = 8,
            InChannels = 12,
            OutChannels = 12,
            ModelChannels = 8,
            ChannelMult = [1, 2],
            NumResBlocks = 1,
            EmbedChannels = 12,
            EncOutChannels = 12,
            EncNumResBlock = 1,
            EncChannelMult = [1, 2],
            AttentionResolutions = [4],
        },
    };

    private static readonly PatchedAutoencoderConfig Gated = Tiny with { Network = Tiny.Network with { OutChannels = 24 } };

    [Fact]
    public void Patches_AreFoldedAsByHand()
    {
        using var scope = NewDisposeScope();
        using PatchedAutoencoder patched = RandomParameters.Fill(new PatchedAutoencoder(Tiny));
        using DiffusionAutoencoder behind = Behind(patched);
        Tensor x = StartNoise.Draw([2, 3, 16, 16], 1), t = tensor([3f, 800f]), z = StartNoise.Draw([2, 12], 2);

        Near.Equal(behind.Encode(Folded(x)), patched.Encode(x), 0);
        Near.Equal(behind.call(Folded(x), t, z), Folded(patched.call(x, t, z)), 0);
    }

    // A mean over what there is of the 3 x 3 pixels around each, by shifts; in units of the item's RMS.
    [Fact]
    public void Gates_AddDetailAsByHand()
    {
        using var scope = NewDisposeScope();
        using PatchedAutoencoder patched = RandomParameters.Fill(new PatchedAutoencoder(Gated));
        using DiffusionAutoencoder behind = Behind(patched);
        patched.to(ScalarType.Float64);
        behind.to(ScalarType.Float64);
        Tensor x = StartNoise.Draw([2, 3, 16, 16], 1, ScalarType.Float64) * tensor([0.1, 3.0]).view(2, 1, 1, 1);
        Tensor t = tensor([3.0, 800.0]), z = StartNoise.Draw([2, 12], 2, ScalarType.Float64);
        Tensor sums = zeros_like(x), counts = zeros_like(x);
        for (int row = -1; row <= 1; row++)
        {
            for (int column = -1; column <= 1; column++)
            {
                (Range toRows, Range fromRows) = Shift(row);
                (Range toColumns, Range fromColumns) = Shift(column);
                sums[.., .., toRows, toColumns] += x[.., .., fromRows, fromColumns];
                counts[.., .., toRows, toColumns] += 1;
            }
        }

        Tensor detail = x - (sums / counts);
        detail /= detail.square().mean([1, 2, 3], keepdim: true).sqrt();
        Tensor all = behind.call(Folded(x), t, z), first = all.narrow(1, 0, 12), gates = all.narrow(1, 12, 12);
        Tensor expected = first + (gates * Folded(detail));

        // The floor under the RMS is 1e-6 of squares.
        Near.Equal(expected, Folded(patched.call(x, t, z)), 1e-4);
        Assert.True((expected - first).abs().max().item<double>() > 0.1);

        static (Range To, Range From) Shift(int by) => by switch { < 0 => (1..16, 0..15), 0 => (0..16, 0..16), _ => (0..15, 1..16) };
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void FlatPictures_HaveNoDetail(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using PatchedAutoencoder network = RandomParameters.Fill(new PatchedAutoencoder(Gated));
        network.to(dtype);
        Tensor flat = (ones(1, 3, 16, 16) * 0.25).to(dtype), z = StartNoise.Draw([1, 12], 2).to(dtype);
        using DiffusionAutoencoder behind = Behind(network);
        behind.to(dtype);
        Tensor first = behind.call(Folded(flat), tensor([3f]).to(dtype), z).narrow(1, 0, 12);
        Near.Equal(first.to(ScalarType.Float64), Folded(network.call(flat, tensor([3f]).to(dtype), z)).to(ScalarType.Float64), 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_ReachEverything(bool gated)
    {
        using var scope = NewDisposeScope();
        using PatchedAutoencoder network = RandomParameters.Fill(new PatchedAutoencoder(gated ? Gated : Tiny));
        network.to(ScalarType.Float64);
        Tensor[] inputs = [Draw(1, 2, 3, 16, 16), Draw(2, 2, 3, 16, 16)];
        Tensor[] directions = [Draw(3, 2, 3, 16, 16), Draw(4, 2, 3, 16, 16)];
        Tensor cotangent = Draw(5, 2, 3, 16, 16), t = tensor([3.0, 800.0]);
        Tensor Output(Tensor[] of) => network.call(of[0], t, network.Encode(of[1]));

        (_, Tensor[] products) = Vjp.Take(Output, cotangent, inputs);

        const double Step = 1e-5;
        for (int i = 0; i < inputs.Length; i++)
        {
            Tensor[] Moved(double by) => [.. inputs.Select((input, k) => k == i ? input + (by * directions[i]) : input)];
            Tensor difference = (Output(Moved(Step)) - Output(Moved(-Step))) / (2 * Step);
            // A central difference of step 1e-5 in float64 is good to about 1e-10.
            Near.Equal((difference * cotangent).sum(), (products[i] * directions[i]).sum(), 1e-7);
        }

        Output(inputs).square().sum().backward();
        Assert.All(network.named_parameters(), p => Assert.True(p.parameter.grad?.abs().max().item<double>() > 0, p.name));
        static Tensor Draw(ulong seed, params long[] shape) => StartNoise.Draw(shape, seed, ScalarType.Float64);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Items_DoNotDependOnTheirBatch(bool gated)
    {
        using var scope = NewDisposeScope();
        using PatchedAutoencoder network = RandomParameters.Fill(new PatchedAutoencoder(gated ? Gated : Tiny));
        Tensor x = StartNoise.Draw([3, 3, 16, 16], 1), t = tensor([3f, 400f, 800f]), z = StartNoise.Draw([3, 12], 2);
        Tensor code = network.Encode(x), output = network.call(x, t, z);
        for (int i = 0; i < 3; i++)
        {
            Near.Equal(code.narrow(0, i, 1), network.Encode(x.narrow(0, i, 1)), Float32Tolerance);
            Near.Equal(output.narrow(0, i, 1), network.call(x.narrow(0, i, 1), t.narrow(0, i, 1), z.narrow(0, i, 1)), Float32Tolerance);
        }
    }

    [Theory]
    [InlineData(Prediction.Noise)]
    [InlineData(Prediction.Velocity)]
    public void Denoiser_PredictsWhatTheConfigurationSays(Prediction prediction)
    {
        using var scope = NewDisposeScope();
        using var network = new PatchedAutoencoder(Tiny with { Prediction = prediction });
        Assert.Equal(prediction, network.ToDenoiser().Prediction);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    public void Saved_ComesBack(ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using PatchedAutoencoder network = RandomParameters.Fill(new PatchedAutoencoder(Tiny with { Prediction = Prediction.Velocity }));
        network.Save(folder.PathTo("a.safetensors"), dtype, new Dictionary<string, string> { ["seed"] = "7" });
        using PatchedAutoencoder back = PatchedAutoencoder.FromPretrained(folder.PathTo("a.safetensors"));

        Assert.Equal(Prediction.Velocity, back.Config.Prediction);
        Assert.Equal((2, 16, 3), (back.Config.PatchSize, back.Config.ImageSize, back.Config.ImageChannels));
        Assert.False(back.training);
        foreach ((string name, Parameter parameter) in back.named_parameters())
        {
            Assert.False(parameter.requires_grad);
            Near.Equal(network.get_parameter(name)!.to(dtype).to(ScalarType.Float32), parameter, 0);
        }

        using SafetensorsFile file = SafetensorsFile.Open(folder.PathTo("a.safetensors"));
        Assert.Equal("7", file.Metadata["seed"]);
        Assert.Equal(dtype, file.Info(file.Names[0]).Dtype);
    }

    [Fact]
    public void OtherLayout_IsNamedByItsFirstParameter()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var network = new PatchedAutoencoder(Tiny);
        network.Save(folder.PathTo("a.safetensors"));
        Rewrite(
            folder.PathTo("a.safetensors"),
            file => new() { ["config"] = file["config"].Replace("\"model_channels\":8", "\"model_channels\":16", StringComparison.Ordinal) }
        );

        string message = Assert
            .Throws<InvalidDataException>(() => PatchedAutoencoder.FromPretrained(folder.PathTo("a.safetensors")))
            .Message;
        Assert.Contains(
            "'time_embed.time_embed.0.weight' in shape [12, 8]; the network has it in shape [12, 16]",
            message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, typeof(InvalidDataException), "config")]
    [InlineData("", typeof(InvalidDataException), "not a JSON object")]
    [InlineData("null", typeof(InvalidDataException), "null")]
    [InlineData("[1]", typeof(InvalidDataException), "not a JSON object")]
    [InlineData("""{"patch_size":0}""", typeof(ArgumentException), "patch_size")]
    [InlineData("""{"patch_size":3}""", typeof(ArgumentException), "in_channels")]
    [InlineData("""{"patch_size":"2"}""", typeof(InvalidDataException), "patch_size")]
    [InlineData("""{"patch_size":2147483647}""", typeof(ArgumentException), "patch_size")]
    [InlineData("""{"in_channels":12,"out_channels":36}""", typeof(ArgumentException), "out_channels")]
    [InlineData("""{"prediction_type":"sample"}""", typeof(NotSupportedException), "prediction_type")]
    [InlineData("""{"hidden":true}""", typeof(NotSupportedException), "hidden")]
    public void UntrustedConfiguration_IsRefused(string? config, Type exception, string named)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        SafetensorsFile.Write(
            folder.PathTo("a.safetensors"),
            new Dictionary<string, Tensor> { ["x"] = zeros(1) },
            config is null ? null : new Dictionary<string, string> { ["config"] = config });
        Exception thrown = Assert.Throws(exception, () => PatchedAutoencoder.FromPretrained(folder.PathTo("a.safetensors")));
        Assert.Contains(named, thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Inputs_AreCheckedBeforeNativeCode()
    {
        using var scope = NewDisposeScope();
        using var network = new PatchedAutoencoder(Tiny);
        Refuses("[1, 12, 8, 8]", () => network.Encode(zeros(1, 12, 8, 8)));
        Refuses("multiples of 2", () => network.Encode(zeros(1, 3, 15, 16)));
        Refuses("z of shape [1, 5]; expected [1, 12]", () => network.call(zeros(1, 3, 16, 16), zeros(1), zeros(1, 5)));

        static void Refuses(string text, Func<Tensor> call) =>
            Assert.Contains(text, Assert.Throws<ArgumentException>(() => { call(); }).Message, StringComparison.Ordinal);
    }

    private static DiffusionAutoencoder Behind(PatchedAutoencoder patched)
    {
        using IDisposable noGraph = no_grad();
        var behind = new DiffusionAutoencoder(patched.Config.Network);
        foreach ((string name, Parameter parameter) in behind.named_parameters())
        {
            parameter.copy_(patched.get_parameter(name)!);
        }

        behind.eval();
        return behind;
    }

    // The pixels of each patch become channels of one pixel, a colour's together, row by row.
    private static Tensor Folded(Tensor images)
    {
        (long batch, long height, long width) = (images.shape[0], images.shape[2] / 2, images.shape[3] / 2);
        Tensor folded = empty(batch, 12, height, width, dtype: images.dtype);
        for (int colour = 0; colour < 3; colour++)
        {
            for (int row = 0; row < 2; row++)
            {
                for (int column = 0; column < 2; column++)
                {
                    Tensor pixels = images[.., colour][.., TensorIndex.Slice(row, null, 2), TensorIndex.Slice(column, null, 2)];
                    folded.select(1, (4 * colour) + (2 * row) + column).copy_(pixels);
                }
            }
        }

        return folded;
    }

    private static void Rewrite(string path, Func<IReadOnlyDictionary<string, string>, Dictionary<string, string>> metadata)
    {
        using DisposeScope scope = NewDisposeScope();
        (IReadOnlyDictionary<string, Tensor> tensors, Dictionary<string, string> changed) = Read();
        SafetensorsFile.Write(path, tensors, changed);

        (IReadOnlyDictionary<string, Tensor>, Dictionary<string, string>) Read()
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            return (file.ReadAll(), metadata(file.Metadata));
        }
    }
}
