using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>The files of tests/goldens/checkpoints, whatever there are.</summary>
public sealed class CheckpointGoldenTests
{
    private const string Expected = "expected.safetensors";
    private static readonly string Root = Goldens.PathTo("checkpoints");

    public static TheoryData<string> Networks() => [.. Directory.GetDirectories(Root)
        .Where(folder => File.Exists(Path.Combine(folder, "config.json")))
        .Select(folder => Path.GetFileName(folder))];

    public static TheoryData<string> Pickles() => [.. Directory.GetFiles(Path.Combine(Root, "pickles"))
        .Where(file => !file.EndsWith(Expected, StringComparison.Ordinal))
        .Select(file => Path.GetFileName(file))];

    public static TheoryData<string> Refused() =>
        [.. Directory.GetFileSystemEntries(Path.Combine(Root, "refuse")).Select(entry => Path.GetFileName(entry))];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Network_ComputesWhatItDidWhereItWasSaved(string name)
    {
        using var scope = NewDisposeScope();
        string folder = Path.Combine(Root, name);
        string? variant = name.StartsWith("variant-", StringComparison.Ordinal) ? name["variant-".Length..] : null;
        using UNet2DModel network = UNet2DModel.FromPretrained(folder, variant: variant);
        using SafetensorsFile expected = SafetensorsFile.Open(Path.Combine(folder, Expected));

        Tensor output = network.forward(expected.Read("input.sample"), expected.Read("input.timestep"));

        // Two float32 implementations of some 30 layers; asked for is 1e-4.
        Near.Equal(expected.Read("output"), output, 5e-6);
    }

    [Theory]
    [MemberData(nameof(Pickles))]
    public void Pickle_HoldsTheTensorsThatWereSaved(string name)
    {
        using var scope = NewDisposeScope();
        using WeightSource source = WeightSource.Open(Path.Combine(Root, "pickles", name));
        using SafetensorsFile expected = ExpectedOf(name);

        Assert.Equal(expected.Names.Order(StringComparer.Ordinal), source.Names.Order(StringComparer.Ordinal));
        foreach (string tensor in expected.Names)
        {
            Tensor read = source.Read(tensor);
            Tensor saved = expected.Read(tensor);
            Assert.Equal(saved.shape, read.shape);
            Assert.Equal(source.Info(tensor).Shape, read.shape);
            Assert.Equal(source.Info(tensor).Dtype, read.dtype);
            Assert.Equal(source.Info(tensor).ByteCount, read.NumberOfElements * read.ElementSize);
            Assert.True(read.is_contiguous());

            // The smaller whole numbers are written down as 64-bit ones; all others keep their type.
            Assert.True(read.dtype == saved.dtype || saved.dtype == ScalarType.Int64, $"{tensor}: {read.dtype}");
            Assert.False(read.to(saved.dtype).ne(saved).any().item<bool>(), tensor);
        }
    }

    [Theory]
    [MemberData(nameof(Pickles))]
    public void Folder_GivesSafetensorsBeforePickles(string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Root, "pickles", name), folder.PathTo("pytorch_model.bin"));
        using (WeightSource pickle = WeightSource.Open(folder.FullName))
        {
            Assert.EndsWith("pytorch_model.bin", pickle.Path, StringComparison.Ordinal);
            string known = pickle.Names[0];
            Assert.Contains(
                ErrorText.Quote(known), Assert.Throws<SafetensorsException>(() => pickle.Read(known + "x")).Message,
                    StringComparison.Ordinal);
        }

        SafetensorsFile.Write(folder.PathTo("model.safetensors"), [KeyValuePair.Create("weight", ones(2))]);
        using WeightSource source = WeightSource.Open(folder.FullName);
        Assert.EndsWith("model.safetensors", source.Path, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void Refused_SaysWhatIsWrong(string name)
    {
        string path = Path.Combine(Root, "refuse", name);
        string named = Directory.Exists(path) ? Directory.GetFiles(path, "*.index.json").Single() : path;
        long before = GC.GetAllocatedBytesForCurrentThread();

        Exception error = Assert.ThrowsAny<Exception>(() =>
        {
            using WeightSource source = WeightSource.Open(path);
            foreach (string tensor in source.Names)
            {
                source.Read(tensor).Dispose();
            }
        });

        Assert.True(error is InvalidDataException or IOException, error.ToString());
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
        if (Reasons.FirstOrDefault(reason => name.StartsWith(reason.File, StringComparison.Ordinal)) is { File: not null } known)
        {
            Assert.True(error.Message.Contains(known.Words, StringComparison.Ordinal), error.Message);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0,
            (64L << 20) + (2 * (File.Exists(path) ? new FileInfo(path).Length : 0)));
    }

    // What each says, of those that were there when this was written.
    private static (string File, string Words)[] Reasons =>
    [
        ("big-endian", "high byte first"), ("calls-bare", "torch.save did not write"),
            ("calls-eval", "'weight' is an object of __builtin__.eval"),
        ("calls-getattr", "builtins.getattr"), ("calls-posix", "posix.getpid"), ("deep-nesting", "more values than any state dict"),
        ("deflate-bomb", "compressed"), ("empty", "it is empty"), ("html", "a web page"), ("index-missing-file", "missing"),
        ("index-missing-key", "does not hold 'weight'"), ("index-path", "the name of a file beside it"), ("lfs-pointer", "Git LFS pointer"),
        ("long-lie", "whole number of"), ("memo-missing", "value 99"), ("offset-negative", "begins at -1"), ("protocol-9", "protocol 9"),
        ("rank-mismatch", "as many sizes as strides"), ("size-huge-expand", "would take"), ("size-negative", "none below 0"),
        ("size-overflow", "larger than any file"), ("stack-empty", "takes a value where there is none"),
            ("storage-kind", "torch.WeirdStorage"),
        ("storage-missing", "no entry 'archive/data/7'"), ("storage-path", "no entry 'archive/data/../data.pkl'"),
            ("storage-too-short", "a record of 20"),
        ("stride-negative", "none below 0"), ("stride-outside", "inside its storage"), ("string-lie", "a length of 2147483647 bytes"),
        ("torchscript", "TorchScript"), ("truncated-pickle", "ends too early"), ("truncated-zip", "the end of its zip archive"),
        ("view-outside", "inside its storage"),
    ];

    // Several files hold the same tensors: NAME or NAME-anything goes with NAME.expected.safetensors.
    private static SafetensorsFile ExpectedOf(string name)
    {
        string stem = Path.GetFileNameWithoutExtension(name);
        while (!File.Exists(Path.Combine(Root, "pickles", $"{stem}.{Expected}")))
        {
            stem = stem[..stem.LastIndexOf('-')];
        }

        return SafetensorsFile.Open(Path.Combine(Root, "pickles", $"{stem}.{Expected}"));
    }
}
