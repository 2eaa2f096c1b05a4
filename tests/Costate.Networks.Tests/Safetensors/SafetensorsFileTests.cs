using System.Text;
using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<ScalarType> Dtypes =>
    [
        ScalarType.Float64, ScalarType.Float32, ScalarType.Float16, ScalarType.BFloat16, ScalarType.Int64, ScalarType.Byte,
        ScalarType.Bool, ScalarType.Int8, ScalarType.Int16, ScalarType.Int32, ScalarType.ComplexFloat32,
    ];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Dtypes))]
    public void Read_ReturnsWhatWasWritten(ScalarType dtype)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor matrix = arange(1, 61, dtype: ScalarType.Float64).reshape(4, 15).to(dtype);
        var written = new Dictionary<string, Tensor>
        {
            ["plain"] = matrix,
            ["scalar"] = tensor(7.0).to(dtype),
            ["empty"] = zeros([3, 0, 2], dtype),
            ["transposed"] = matrix.transpose(0, 1),
            ["strided"] = matrix[TensorIndex.Colon, TensorIndex.Slice(1, null, 3)],
            ["broadcast"] = matrix[0].expand(5, 15),
        };

        SafetensorsFile.Write(_folder.PathTo("a.safetensors"), written);
        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a.safetensors"));
        IReadOnlyDictionary<string, Tensor> read = file.ReadAll();

        Assert.Equal(written.Keys.Order(), read.Keys.Order());
        foreach ((string name, Tensor expected) in written)
        {
            Assert.Equal(dtype, read[name].dtype);
            Assert.Equal(dtype, file.Info(name).Dtype);
            Assert.Equal(expected.shape, read[name].shape);
            Assert.Equal(expected.shape, file.Info(name).Shape);
            Assert.Equal(expected.NumberOfElements, file.Info(name).ElementCount);
            Assert.Equal(expected.NumberOfElements * expected.ElementSize, file.Info(name).ByteCount);
            Assert.True(read[name].is_contiguous());
            Assert.True(read[name].equal(expected).all().item<bool>(), name);
        }
    }

    // A file with what cannot be computed with beside what can, as quantised checkpoints are.
    [Theory]
    [InlineData("U16", 8)]
    [InlineData("U32", 16)]
    [InlineData("U64", 32)]
    [InlineData("F8_E4M3", 4)]
    [InlineData("F8_E5M2", 4)]
    [InlineData("F8_E4M3FNUZ", 4)]
    [InlineData("F8_E5M2FNUZ", 4)]
    [InlineData("F8_E8M0", 4)]
    [InlineData("F6_E2M3", 3)]
    [InlineData("F6_E3M2", 3)]
    [InlineData("F4", 2)]
    public void Read_RefusesByNameWhatTorchCannotHold(string dtype, int bytes)
    {
        using DisposeScope scope = NewDisposeScope();
        string header =
            $$$"""{"scale":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"weight":{"dtype":"{{{dtype}}}","shape":[2,2],"data_offsets":[8,{{{8 + bytes}}}]}}""";
        File.WriteAllBytes(_folder.PathTo("a"), RawSafetensors.File(header, 8 + bytes));
        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));

        Assert.Null(file.Info("weight").Dtype);
        Assert.Equal(dtype, file.Info("weight").DtypeName);
        Assert.Equal($"{dtype} [2, 2]", file.Info("weight").ToString());
        Assert.Equal(bytes, file.Info("weight").ByteCount);
        Assert.Equal([2], file.Read("scale").shape);
        foreach (Action read in (Action[])[() => file.Read("weight"), () => file.ReadAll()])
        {
            string message = Assert.Throws<SafetensorsException>(read).Message;
            Assert.Contains($"Cannot read tensor 'weight' of '{_folder.PathTo("a")}': its dtype is {dtype}", message);
        }
    }

    [Fact]
    public void Read_TakesAnyByteButZeroForTrue()
    {
        using DisposeScope scope = NewDisposeScope();
        byte[] bytes = RawSafetensors.File(RawSafetensors.Tensor("a", "BOOL", "[4]", "[0,4]"), 4);
        new byte[] { 0, 1, 2, 255 }.CopyTo(bytes, bytes.Length - 4);
        File.WriteAllBytes(_folder.PathTo("a"), bytes);
        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));
        Tensor read = file.Read("a");
        Assert.Equal(ScalarType.Bool, read.dtype);
        Assert.Equal([0, 1, 1, 1], read.bytes.ToArray());
    }

    [Fact]
    public void Read_KeepsEveryBit()
    {
        using DisposeScope scope = NewDisposeScope();
        double[] values =
        [
            double.NaN,
            -0.0,
            double.Epsilon,
            double.NegativeInfinity,
            BitConverter.Int64BitsToDouble(0x7ff0_0000_dead_beef),
        ];
        SafetensorsFile.Write(_folder.PathTo("a"), new Dictionary<string, Tensor> { ["x"] = tensor(values) });

        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));

        Assert.Equal(
            values.Select(BitConverter.DoubleToInt64Bits),
            file.Read("x").data<double>().ToArray().Select(BitConverter.DoubleToInt64Bits));
    }

    [Fact]
    public void Read_ReturnsATensorWithoutGradientThatOutlivesTheFile()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weight = full([2, 2], 3f, requires_grad: true);
        SafetensorsFile.Write(_folder.PathTo("a"), new Dictionary<string, Tensor> { ["w"] = weight });

        Tensor read;
        using (SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a")))
        {
            read = file.Read("w");
        }

        Assert.False(read.requires_grad);
        Assert.Equal(12f, read.sum().item<float>());
    }

    [Fact]
    public void Read_HandsTheTensorToTheCallersScope()
    {
        using DisposeScope scope = NewDisposeScope();
        SafetensorsFile.Write(_folder.PathTo("a"), Ones("x"));
        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));

        Tensor single;
        Tensor ofAll;
        using (NewDisposeScope())
        {
            single = file.Read("x");
            ofAll = file.ReadAll()["x"];
            Assert.False(single.IsInvalid);
        }

        Assert.True(single.IsInvalid);
        Assert.True(ofAll.IsInvalid);
    }

    [Fact]
    public void Read_HandlesTheMostDimensions()
    {
        using DisposeScope scope = NewDisposeScope();
        long[] shape = [.. Enumerable.Repeat(1L, 62), 2, 3];
        SafetensorsFile.Write(_folder.PathTo("a"), new Dictionary<string, Tensor> { ["x"] = arange(6).reshape(shape) });

        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));

        Assert.Equal(shape, file.Read("x").shape);
    }

    [Fact]
    public void Names_FollowTheHeader()
    {
        string header = """
            {"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"__metadata__":{"format":"pt","ключ":"значение"},
             "a":{"data_offsets":[0,1],"shape":[],"dtype":"U8"},"":{"dtype":"F32","shape":[0],"data_offsets":[1,1]}}
            """;
        File.WriteAllBytes(_folder.PathTo("a"), RawSafetensors.File(header + "   ", 2));

        using DisposeScope scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));

        Assert.Equal(["b", "a", ""], file.Names);
        Assert.Equal("значение", file.Metadata["ключ"]);
        Assert.Equal(2, file.Metadata.Count);
        Assert.Equal((byte)(8 + Encoding.UTF8.GetByteCount(header) + 3), file.Read("a").item<byte>());
        Assert.Equal("U8 [1]", file.Info("b").ToString());
    }

    [Fact]
    public void Open_AcceptsAFileWithoutTensors()
    {
        File.WriteAllBytes(_folder.PathTo("a"), RawSafetensors.File("{}"));

        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));

        Assert.Empty(file.Names);
        Assert.Empty(file.Metadata);
        Assert.Empty(file.ReadAll());
    }

    [Fact]
    public void Read_NamesNearNamesForAMissingOne()
    {
        using DisposeScope scope = NewDisposeScope();
        SafetensorsFile.Write(_folder.PathTo("a"), Ones("conv_in.weight", "conv_in.bias", "time_embedding.linear_1.weight", "z"));
        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));

        SafetensorsException error = Assert.Throws<SafetensorsException>(() => file.Read("conv_in.wieght"));

        Assert.Contains("'conv_in.wieght'", error.Message);
        Assert.Contains("'conv_in.weight', 'conv_in.bias'", error.Message);
        Assert.DoesNotContain("'z'", error.Message);
    }

    [Fact]
    public void Read_ThrowsAfterDispose()
    {
        using DisposeScope scope = NewDisposeScope();
        SafetensorsFile.Write(_folder.PathTo("a"), Ones("x"));
        SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));
        file.Dispose();
        file.Dispose();

        Assert.Throws<ObjectDisposedException>(() => file.Read("x"));
        Assert.Throws<ObjectDisposedException>(() => file.ReadAll());
    }

    [Fact]
    public void Read_RefusesAFileThatWasShortened()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows does not let a mapped file be shortened.");
        using DisposeScope scope = NewDisposeScope();
        SafetensorsFile.Write(_folder.PathTo("a"), new Dictionary<string, Tensor> { ["x"] = zeros(100_000) });
        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));

        // Not through .NET, whose locks would refuse it as long as the file is open here.
        using (var truncate = System.Diagnostics.Process.Start("truncate", ["-s", "100", _folder.PathTo("a")]))
        {
            truncate.WaitForExit();
        }

        Assert.Contains("shortened", Assert.Throws<SafetensorsException>(() => file.Read("x")).Message);
        Assert.Throws<SafetensorsException>(() => file.ReadAll());
    }

    [Fact]
    public void ReadAll_StopsWhenCancelled()
    {
        using DisposeScope scope = NewDisposeScope();
        SafetensorsFile.Write(_folder.PathTo("a"), Ones("x"));
        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));

        Assert.Throws<OperationCanceledException>(() => file.ReadAll(cancellationToken: new CancellationToken(canceled: true)));
    }

    [Fact]
    public void ReadAll_DisposesWhatItReadWhenItFails()
    {
        using DisposeScope scope = NewDisposeScope();
        SafetensorsFile.Write(_folder.PathTo("a"), Ones("x", "y", "z"));
        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using var source = new CancellationTokenSource();
        var progress = new Reports(bytes =>
        {
            if (bytes == 16)
            {
                source.Cancel();
            }
        });

        Assert.Throws<OperationCanceledException>(() => file.ReadAll(progress, source.Token));

        Assert.Equal([8, 16], progress.Values);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static Dictionary<string, Tensor> Ones(params string[] names) => names.ToDictionary(name => name, _ => ones(2));
}
