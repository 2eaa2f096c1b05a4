using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Networks;

/// <summary>Named tensors of a trained network, whatever files they lie in: read one at a time, nothing of the files is ever run.</summary>
/// <remarks>
/// <para>
/// Read are safetensors files, checkpoints of <c>torch.save</c> (<c>.bin</c>, <c>.pt</c>, <c>.pth</c>, <c>.ckpt</c>, in the zip form and
/// the older one), and either in shards with an <c>index.json</c>. What a file is, its content decides, not its name. Of a checkpoint
/// the tensors of its state dict are offered, also where it lies under <c>state_dict</c>, <c>model</c>, <c>module</c>, <c>params</c>,
/// <c>params_ema</c> or <c>ema</c>; a prefix <c>module.</c> of all names is left out. The pickle in it is read by a reader of its own,
/// for which a class is no more than a name.
/// </para>
/// <para>
/// The files are untrusted: everything in them is checked against their size before memory is taken for it. Reading costs the
/// memory of the tensor that is read; a view with gaps costs in addition the stretch of the storage that it spans. Not safe
/// for several threads at once.
/// </para>
/// </remarks>
public abstract class WeightSource : IDisposable
{
    private protected WeightSource(string path) => Path = path;

    /// <summary>Where the tensors come from: a file, or the index of several.</summary>
    public string Path { get; }

    /// <summary>The names of the tensors.</summary>
    public abstract IReadOnlyList<string> Names { get; }

    /// <summary>Opens a file, or the weights in a folder as the Hub lays it out.</summary>
    /// <param name="path">
    /// A file of weights; an index (<c>*.index.json</c>) of shards beside it; or a folder with such a file under one of the usual names,
    /// where safetensors go before <c>.bin</c>.
    /// </param>
    /// <param name="variant">Which weights of a folder, such as <c>fp16</c> or <c>non_ema</c>; the word before the extension. The default
    /// value is null: those without such a word.</param>
    /// <returns>The open source; dispose it when the tensors have been read.</returns>
    /// <exception cref="FileNotFoundException">There is no such file, or the folder holds no weights of that variant; the message names
    /// those there are.</exception>
    /// <exception cref="SafetensorsException">A safetensors file is damaged or cannot be opened.</exception>
    /// <exception cref="InvalidDataException">The file holds something else (a Git LFS pointer, TorchScript, ONNX, a web page...), is
    /// damaged or asks for what a state dict has no need of; the message says which.</exception>
    public static WeightSource Open(string path, string? variant = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
        {
            path = WeightFolder.Find(path, variant);
        }
        else if (!File.Exists(path))
        {
            string message =
                $"Cannot read '{path}': there is no such file; expected a file of weights or a folder with one. Check the path.";
            throw path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? new SafetensorsException(message)
                : new FileNotFoundException(message, path);
        }

        return ShardIndex.IsIndex(path) ? ShardedWeights.Open(path) : OpenFile(path);
    }

    /// <summary>Says what is known of a tensor without reading it.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <returns>The tensor's element type and shape.</returns>
    /// <exception cref="IOException">There is no tensor of that name.</exception>
    public abstract StoredTensor Info(string name);

    /// <summary>Reads a tensor.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <returns>A new contiguous tensor on the CPU in the stored element type, without gradient, in the caller's dispose scope.</returns>
    /// <exception cref="IOException">There is no tensor of that name, its element type is none of TorchSharp's, or the file
    /// changed.</exception>
    public abstract Tensor Read(string name);

    /// <summary>Closes the files. Tensors that were read stay valid.</summary>
    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>Copies a tensor into a parameter of as many elements, in its dtype and on its device.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="parameter">The parameter, contiguous.</param>
    /// <param name="check">Is shown what is stored, all of it, in pieces that are as large as it likes.</param>
    internal virtual void Fill(string name, Tensor parameter, Action<Tensor> check)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor value = Read(name);
        check(value);
        parameter.copy_(value.view(parameter.shape));
    }

    /// <summary>What stands under a name that is no tensor, or null.</summary>
    internal virtual string? Other(string name) => null;

    private protected abstract void Close();

    /// <summary>Opens one file of weights.</summary>
    internal static WeightSource OpenFile(string path) => FileKinds.Of(path) switch
    {
        FileKind.Safetensors => new SafetensorsWeights(path),
        _ => PickleWeights.Open(path),
    };

    /// <summary>The error for a name that is not there.</summary>
    private protected SafetensorsException Unknown(string name)
    {
        string[] near = NearNames.Find(name, Names);
        string hint = near.Length == 0
            ? $"It holds {Names.Count} tensors."
            : $"The nearest of its {Names.Count} names: {string.Join(", ", near.Select(ErrorText.Quote))}.";
        string got = Other(name) is { } other ? $"{ErrorText.Quote(name)} is {other}" : $"it has no tensor {ErrorText.Quote(name)}";
        return new SafetensorsException($"Cannot read '{Path}': {got}; expected the name of one of its tensors. {hint}");
    }
}
