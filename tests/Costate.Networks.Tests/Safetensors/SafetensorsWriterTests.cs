using System.Text;
using Costate.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Write_PutsWideTypesFirstAndPadsTheHeader()
    {
        using DisposeScope scope = NewDisposeScope();
        var tensors = new KeyValuePair<string, Tensor>[]
        {
            new("u", tensor(new byte[] { 1, 2, 3 })),
            new("b", tensor(2f)),
            new("a", tensor(new[] { 1f, 2f })),
            new("é", tensor(new[] { 5L })),
        };

        SafetensorsFile.Write(_folder.PathTo("a"), tensors, new Dictionary<string, string> { ["z"] = "\"<1>\"", ["y"] = "" });

        // Written out by hand from the format's description.
        string header = """
            {"__metadata__":{"y":"","z":"\"<1>\""},"é":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"b":{"dtype":"F32","shape":[],"data_offsets":[16,20]},"u":{"dtype":"U8","shape":[3],"data_offsets":[20,23]}}
            """;
        int length = (Encoding.UTF8.GetByteCount(header) + 7) / 8 * 8;
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] expected =
        [
            .. BitConverter.GetBytes((long)length),
            .. text,
            .. Enumerable.Repeat((byte)' ', length - text.Length),
            .. BitConverter.GetBytes(5L),
            .. BitConverter.GetBytes(1f),
            .. BitConverter.GetBytes(2f),
            .. BitConverter.GetBytes(2f),
            1, 2, 3,
        ];
        Assert.Equal(expected, File.ReadAllBytes(_folder.PathTo("a")));
    }

    [Fact]
    public void Write_GivesTheSameBytesInAnyOrder()
    {
        using DisposeScope scope = NewDisposeScope();
        KeyValuePair<string, Tensor>[] tensors =
            [new("a", rand(3)), new("b", rand(2, 2).to(ScalarType.BFloat16)), new("c", rand(4).to(ScalarType.Float16))];

        SafetensorsFile.Write(_folder.PathTo("a"), tensors);
        SafetensorsFile.Write(_folder.PathTo("b"), tensors.Reverse());

        Assert.Equal(File.ReadAllBytes(_folder.PathTo("a")), File.ReadAllBytes(_folder.PathTo("b")));
    }

    [Fact]
    public void Write_ReplacesAFileThatIsOpenForReading()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows does not let a mapped file be replaced.");
        using DisposeScope scope = NewDisposeScope();
        SafetensorsFile.Write(_folder.PathTo("a"), One(tensor(1f)));
        using SafetensorsFile before = SafetensorsFile.Open(_folder.PathTo("a"));

        SafetensorsFile.Write(_folder.PathTo("a"), One(tensor(2f)));

        using SafetensorsFile after = SafetensorsFile.Open(_folder.PathTo("a"));
        Assert.Equal(1f, before.Read("x").item<float>());
        Assert.Equal(2f, after.Read("x").item<float>());
        Assert.Equal(["a"], _folder.Files);
    }

    [Fact]
    public void Write_ResolvesAPendingNegation()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor value = tensor(new[] { new System.Numerics.Complex(1, 2), new System.Numerics.Complex(3, 4) }).conj().imag;
        SafetensorsFile.Write(_folder.PathTo("a"), One(value));

        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));

        Assert.Equal([-2.0, -4.0], file.Read("x").data<double>().ToArray());
    }

    [Fact]
    public void Write_ResolvesAPendingConjugation()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor value = tensor(new[] { new System.Numerics.Complex(1, 2), new System.Numerics.Complex(3, 4) }).to(ScalarType.ComplexFloat32);
        SafetensorsFile.Write(_folder.PathTo("a"), One(value.conj()));

        using SafetensorsFile file = SafetensorsFile.Open(_folder.PathTo("a"));

        Assert.Equal([-2f, -4f], file.Read("x").imag.contiguous().data<float>().ToArray());
    }

    [Theory]
    [InlineData(ScalarType.ComplexFloat64)]
    public void Write_RefusesDtype(ScalarType dtype)
    {
        using DisposeScope scope = NewDisposeScope();
        string message = Refused([new("good", ones(2)), new("bad", zeros([2], dtype))]);
        Assert.Contains($"'bad' has the element type {dtype}; expected one of I64, F64, C64, F32, I32, BF16, F16, I16, I8, U8, BOOL", message);
    }

    [Fact]
    public void Write_RefusesWhatItCannotDescribe()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor disposed = ones(2);
        disposed.Dispose();

        Assert.Contains("disposed", Refused([new("x", disposed)]));
        Assert.Contains("null", Refused([new("x", null!)]));
        Assert.Contains("name of a tensor is null", Refused([new(null!, ones(1))]));
        Assert.Contains("sparse", Refused([new("x", eye(3).to_sparse())]));
        Assert.Contains("reserves", Refused([new("__metadata__", ones(1))]));
        Assert.Contains("Two tensors are named 'x'", Refused([new("x", ones(1)), new("x", ones(1))]));
        Assert.Contains("surrogate", Refused([new("\ud800", ones(1))]));
        Assert.Contains("65 dimensions", Refused([new("x", ones([.. Enumerable.Repeat(1L, 65)]))]));
        Assert.Contains("surrogate", Refused(One(ones(1)), new() { ["k"] = "\ud800" }));
        Assert.Contains("null", Refused(One(ones(1)), new() { ["k"] = null! }));
        Assert.Contains("header would take", Refused(One(ones(1)), new() { ["k"] = new string('x', 100_000_000) }));
    }

    [Fact]
    public void Write_RefusesAMissingFolder()
    {
        using DisposeScope scope = NewDisposeScope();
        SafetensorsException error = Assert.Throws<SafetensorsException>(
            () => SafetensorsFile.Write(Path.Combine(_folder.PathTo("missing"), "a"), One(ones(1))));
        Assert.Contains($"no folder '{_folder.PathTo("missing")}'", error.Message);
        Assert.False(Directory.Exists(_folder.PathTo("missing")));
    }

    [Fact]
    public void Write_RefusesAFolderAsTheFile()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Contains(
            "it is a folder", Assert.Throws<SafetensorsException>(() => SafetensorsFile.Write(_folder.FullName, One(ones(1)))).Message);
    }

    [Fact]
    public void Write_LeavesNothingWhenTheDiskIsFull()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Relies on Linux's refusal to reserve a size beyond every disk's.");
        using DisposeScope scope = NewDisposeScope();
        File.WriteAllText(_folder.PathTo("a"), "before");

        // A petabyte that takes one element of memory.
        Tensor huge = ones([1], ScalarType.Byte).expand(1L << 50);
        SafetensorsException error = Assert.Throws<SafetensorsException>(
            () => SafetensorsFile.Write(_folder.PathTo("a"), One(huge), cancellationToken: TestContext.Current.CancellationToken));

        Assert.IsType<IOException>(error.InnerException, exactMatch: false);
        Assert.Equal(["a"], _folder.Files);
        Assert.Equal("before", File.ReadAllText(_folder.PathTo("a")));
    }

    [Fact]
    public void Write_LeavesNothingWhenTheTargetCannotBeReplaced()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Relies on the length of Linux's file names.");
        using DisposeScope scope = NewDisposeScope();
        Assert.Throws<SafetensorsException>(() => SafetensorsFile.Write(_folder.PathTo(new string('x', 300)), One(ones(1))));
        Assert.Empty(_folder.Files);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Write_LeavesNothingWhenCancelledOnTheWay(int chunks)
    {
        using DisposeScope scope = NewDisposeScope();
        File.WriteAllText(_folder.PathTo("a"), "before");
        using var source = new CancellationTokenSource();
        int filesOnTheWay = 0;
        var progress = new Reports(bytes =>
        {
            if (bytes >= chunks * (long)TensorBytes.DefaultChunkBytes)
            {
                filesOnTheWay = _folder.Files.Length;
                source.Cancel();
            }
        });

        // Exactly three chunks, so that the token is cancelled after the first and after the last.
        Tensor tensor = ones([3L * TensorBytes.DefaultChunkBytes], ScalarType.Byte);
        Assert.Throws<OperationCanceledException>(
            () => SafetensorsFile.Write(_folder.PathTo("a"), One(tensor), null, progress, source.Token));

        Assert.Equal(2, filesOnTheWay);
        Assert.Equal(chunks, progress.Values.Count);
        Assert.Equal(["a"], _folder.Files);
        Assert.Equal("before", File.ReadAllText(_folder.PathTo("a")));
    }

    [Fact]
    public void Write_LeavesNothingWhenTheCallerThrows()
    {
        using DisposeScope scope = NewDisposeScope();
        var progress = new Reports(_ => throw new InvalidOperationException("caller"));

        Assert.Throws<InvalidOperationException>(() => SafetensorsFile.Write(_folder.PathTo("a"), One(ones(3)), progress: progress));

        Assert.Empty(_folder.Files);
    }

    private static KeyValuePair<string, Tensor>[] One(Tensor tensor) => [new("x", tensor)];

    private string Refused(KeyValuePair<string, Tensor>[] tensors, Dictionary<string, string>? metadata = null)
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => SafetensorsFile.Write(_folder.PathTo("a"), tensors, metadata));
        Assert.Empty(_folder.Files);
        Assert.Contains("; expected ", error.Message);
        return error.Message;
    }
}
