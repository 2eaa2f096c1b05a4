using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Tensors that lie in several files beside an index.</summary>
internal sealed class ShardedWeights : WeightSource
{
    private readonly Dictionary<string, WeightSource> sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WeightSource> shards = new(StringComparer.Ordinal);
    private readonly List<string> names = [];

    private ShardedWeights(string path)
        : base(path)
    {
    }

    public override IReadOnlyList<string> Names => names;

    internal static new ShardedWeights Open(string path, string? variant = null)
    {
        var weights = new ShardedWeights(path);
        try
        {
            weights.Add(ShardIndex.Read(path));
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    public override StoredTensor Info(string name) => Of(name).Info(name);

    public override Tensor Read(string name) => Of(name).Read(name);

    internal override void Fill(string name, Tensor parameter, Action<Tensor> check) => Of(name).Fill(name, parameter, check);

    private protected override void Close()
    {
        foreach (WeightSource shard in shards.Values)
        {
            shard.Dispose();
        }
    }

    private WeightSource Of(string name) => sources.TryGetValue(name, out WeightSource? source) ? source : throw Unknown(name);

    private void Add(IReadOnlyList<(string Name, string File)> entries)
    {
        string folder = System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))!;
        string[] files = [.. entries.Select(entry => entry.File).Distinct(StringComparer.Ordinal)];
        string[] missing = [.. files.Where(file => !File.Exists(System.IO.Path.Combine(folder, file)))];
        if (missing.Length > 0)
        {
            throw new FileNotFoundException(
                $"Cannot read '{Path}': of its {files.Length} files {ErrorText.List(missing)} {(missing.Length == 1 ? "is" : "are")} "
                    + "missing; expected all beside it. Fetch them too.", missing[0]);
        }

        var held = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        foreach (string file in files)
        {
            shards.Add(file, OpenFile(System.IO.Path.Combine(folder, file)));
            held.Add(file, [.. shards[file].Names]);
        }

        foreach ((string name, string file) in entries)
        {
            if (!held[file].Contains(name))
            {
                throw ShardIndex.Damaged(Path, $"{ErrorText.Quote(file)} does not hold {ErrorText.Quote(name)}, which it should",
                    "every tensor in the file that the index names");
            }

            sources.Add(name, shards[file]);
            names.Add(name);
        }
    }
}
