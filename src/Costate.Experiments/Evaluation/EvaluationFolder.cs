using Costate.Networks;
using static TorchSharp.torch;

namespace Costate.Experiments.Evaluation;

/// <summary>Morphs as they are kept, with the encoding that methods share.</summary>
internal sealed class EvaluationFolder(string path) : ResultFolder<PairResult>(path, "morphs", "pair")
{
    private const string EncodingFile = "encoding.safetensors";

    /// <summary>The kept encoding of a pair: both starts and both codes, [1, ...]; null if there is none.</summary>
    internal IReadOnlyDictionary<string, Tensor>? Encoding(int pair)
    {
        string file = Path.Combine(ItemFolder(pair), EncodingFile);
        if (!File.Exists(file))
        {
            return null;
        }

        using SafetensorsFile open = SafetensorsFile.Open(file);
        return open.Names.ToDictionary(name => name, name => open.Read(name));
    }

    /// <summary>Keeps the encoding of a pair.</summary>
    internal void AddEncoding(int pair, IReadOnlyDictionary<string, Tensor> encoding)
    {
        Directory.CreateDirectory(ItemFolder(pair));
        SafetensorsFile.Write(Path.Combine(ItemFolder(pair), EncodingFile), encoding);
    }
}
