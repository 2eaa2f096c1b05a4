using System.Numerics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>The tensors of a checkpoint of torch.save, in its zip form or the older one of pickles in a row.</summary>
internal sealed class PickleWeights : WeightSource
{
    // Views of a few elements may show them many times over; beyond this no state dict goes.
    private const long SmallBytes = 32 << 20;

    private static readonly BigInteger Magic = BigInteger.Parse("1950a86a20f9469cfc6c", System.Globalization.NumberStyles.HexNumber, null);

    private readonly SeekableFile file;
    private readonly Dictionary<string, PickledTensor> tensors;
    private readonly Dictionary<string, string> others;
    private readonly string[] names;

    private PickleWeights(SeekableFile file)
        : base(file.Path)
    {
        this.file = file;
        object? root = FileKinds.Of(file.Path) == FileKind.Zip ? ReadZip() : ReadRow();
        (tensors, others) = StateDict.Of(file.Path, root);
        names = [.. tensors.Keys];
        Int128 total = tensors.Values.Aggregate((Int128)0, (sum, tensor) => sum + tensor.Bytes);
        if (total > (2 * (Int128)file.Length) + SmallBytes)
        {
            throw Damaged(Path, $"its tensors would take {total} bytes in memory, it has {file.Length}",
                "tensors of about the file's size");
        }
    }

    public override IReadOnlyList<string> Names => names;

    internal static PickleWeights Open(string path)
    {
        SeekableFile file = SeekableFile.Open(path, 0);
        try
        {
            return new PickleWeights(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public override StoredTensor Info(string name) => StoredTensor.Of(Find(name).Dtype, Find(name).Shape);

    public override Tensor Read(string name)
    {
        PickledTensor stored = Find(name);
        if (stored.Dtype.Dtype is not { } dtype)
        {
            throw new SafetensorsException(
                $"Cannot read tensor {ErrorText.Quote(name)} of '{Path}': its dtype is {stored.Dtype.Name}, of which there are no "
                    + "tensors here; "
                + $"expected one of {SafetensorsDtype.ReadableNames}. Convert it in the file first.");
        }

        TorchLibraries.Require();
        using DisposeScope scope = NewDisposeScope();
        using (no_grad())
        {
            // A byte of a truth value is not to be trusted: torch counts on 0 and 1.
            ScalarType element = dtype == ScalarType.Bool ? ScalarType.Byte : dtype;
            Tensor tensor = Allocate(name, stored.IsContiguous ? stored.Shape : [stored.Span], element);
            long position = Position(stored);
            TensorBytes.Fill(tensor, chunk =>
            {
                file.Read(position, chunk);
                position += chunk.Length;
            });
            tensor = stored.IsContiguous ? tensor
                : stored.Elements == 0 ? empty(stored.Shape, element, CPU)
                : tensor.as_strided(stored.Shape, stored.Strides).contiguous();
            return (dtype == ScalarType.Bool ? tensor.ne(0) : tensor).MoveToOuterDisposeScope();
        }
    }

    internal override void Fill(string name, Tensor parameter, Action<Tensor> check)
    {
        PickledTensor stored = Find(name);
        if (stored.IsContiguous && stored.Dtype.Dtype is { } dtype)
        {
            TensorBytes.Fill(parameter, dtype, Position(stored), file, check);
        }
        else
        {
            base.Fill(name, parameter, check);
        }
    }

    internal static InvalidDataException Damaged(string path, string got, string expected) =>
        new($"Cannot read '{path}': {got}; expected {expected}. The file is damaged, incomplete or no checkpoint of torch.save: fetch or "
            + "export it again.");

    internal override string? Other(string name) => others.GetValueOrDefault(name);

    private protected override void Close() => file.Dispose();

    private PickledTensor Find(string name) => tensors.TryGetValue(name, out PickledTensor? tensor) ? tensor : throw Unknown(name);

    private static long Position(PickledTensor stored) => stored.Storage.Position + (stored.StorageOffset * (stored.Dtype.Bits / 8));

    private Tensor Allocate(string name, long[] shape, ScalarType dtype)
    {
        try
        {
            return empty(shape, dtype, CPU);
        }
        catch (ExternalException e)
        {
            throw new SafetensorsException(
                $"Cannot read tensor {ErrorText.Quote(name)} of '{Path}': memory for [{string.Join(", ", shape)}] could not be allocated; "
                + "expected that much free memory. Free some or read fewer tensors.",
                e);
        }
    }

    private object? ReadZip()
    {
        ZipDirectory zip = ZipDirectory.Read(file);
        const string Object = "data.pkl";
        string entry =
            zip.Names.FirstOrDefault(name =>
                name == Object || (name.EndsWith("/" + Object, StringComparison.Ordinal) && name.IndexOf('/') == name.LastIndexOf('/')))
            ?? throw FileKinds.Refuse(Path, "a zip archive of something else", "Unpack it, and name the file of weights in it.");
        string root = entry[..^Object.Length];
        if (zip.Contains(root + "constants.pkl") || zip.Names.Any(name => name.StartsWith(root + "code/", StringComparison.Ordinal)))
        {
            throw FileKinds.Refuse(Path, "TorchScript",
                "It holds code with its weights: load it as a TorchScript model, or save the state_dict() of the module.");
        }

        if (zip.Contains(root + "byteorder"))
        {
            (long start, long length) = zip.Find(root + "byteorder");
            byte[] order = new byte[Math.Min(length, 16)];
            file.Read(start, order);
            if (!order.AsSpan().SequenceEqual("little"u8))
            {
                throw Damaged(Path, "its numbers are stored with the high byte first",
                    "little-endian data. Load and save it on another machine");
            }
        }

        (long position, long bytes) = zip.Find(entry);
        var input = new PickleInput(file, position, bytes);
        return new PickleMachine(input, id =>
        {
            PickleStorage storage = PickleCalls.Storage(input, id);
            (storage.Position, long held) = zip.Find($"{root}data/{storage.Key}");
            return storage.Bytes <= held
                ? storage
                : throw Damaged(Path, $"storage {ErrorText.Quote(storage.Key)} of {storage.Bytes} bytes has a record of {held}",
                    "a record that holds it");
        }).Read();
    }

    private object? ReadRow()
    {
        var input = new PickleInput(file, 0, file.Length);
        var storages = new Dictionary<string, PickleStorage>(StringComparer.Ordinal);
        if (Plain(input) is not BigInteger magic || magic != Magic)
        {
            throw Damaged(Path, "it is a pickle that torch.save did not write", "a checkpoint of torch.save");
        }

        if (Plain(input) is not 1001L || (Plain(input) as PickleDictionary)?.Find("little_endian") is not true)
        {
            throw Damaged(Path, "it is of another version or was written with the high byte first", "version 1001 and little-endian data");
        }

        object? root = new PickleMachine(input, id =>
        {
            PickleStorage storage = PickleCalls.Storage(input, id);
            if (!storages.TryAdd(storage.Key, storage))
            {
                PickleStorage first = storages[storage.Key];
                return first.Dtype == storage.Dtype && first.Count == storage.Count
                    ? first
                    : throw Damaged(Path, $"storage {ErrorText.Quote(storage.Key)} is described in two ways", "one");
            }

            return storage;
        }).Read();
        if (Plain(input) is not PickleList keys)
        {
            throw Damaged(Path, "the list of its storages is missing", "one");
        }

        Place(input, keys, storages);
        return root;
    }

    // After the pickles: of each storage in the list's order its count and its data.
    private void Place(PickleInput input, PickleList keys, Dictionary<string, PickleStorage> storages)
    {
        int placed = 0;
        foreach (object? key in keys.Items)
        {
            if (key is not string name || !storages.TryGetValue(name, out PickleStorage? storage) || storage.Position >= 0)
            {
                throw Damaged(Path, "it lists a storage that no tensor uses, or one twice", "those of its tensors");
            }

            long count = input.Int64();
            if (count != storage.Count)
            {
                throw Damaged(Path, $"storage {ErrorText.Quote(name)} has {count} elements and {storage.Count} where it is used",
                    "the same number");
            }

            storage.Position = input.Position;
            input.Skip(storage.Bytes);
            placed++;
        }

        if (placed != storages.Count)
        {
            throw Damaged(Path, $"of its {storages.Count} storages it lists {placed}", "all of them");
        }
    }

    private object? Plain(PickleInput input) =>
        new PickleMachine(input, _ =>
            throw Damaged(Path, "it refers to a storage before its tensors", "the beginning of a checkpoint of torch.save")).Read();
}
