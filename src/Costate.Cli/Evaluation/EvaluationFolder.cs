using System.Globalization;
using System.Text.Json;
using Costate.Cli.Output;
using Costate.Networks;
using SkiaSharp;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Cli.Evaluation;

/// <summary>
/// Results as they are kept: a folder for each pair, in it a file for each method, its morph, and the encoding that methods share. Every
/// file appears complete or not at all, so a run that ends early can go on.
/// </summary>
internal sealed class EvaluationFolder(string path)
{
    internal const string ContentsFile = "evaluation.json";

    private const string EncodingFile = "encoding.safetensors";

    internal string FullName { get; } = Path.GetFullPath(path);

    /// <summary>What it is for; null if it is new.</summary>
    /// <exception cref="CommandException">Its contents cannot be read.</exception>
    internal EvaluationContents? Contents => File.Exists(At(ContentsFile)) ? Read<EvaluationContents>(At(ContentsFile)) : null;

    /// <summary>Takes the folder for a run.</summary>
    /// <param name="wanted">What the run is for.</param>
    /// <returns>What the folder is for now: with the pairs and methods of earlier runs too.</returns>
    /// <exception cref="CommandException">It is of other settings or another shard, or cannot be written to.</exception>
    internal EvaluationContents Begin(EvaluationContents wanted)
    {
        EvaluationContents contents = wanted;
        if (Contents is EvaluationContents there)
        {
            if (there.Differences(wanted.Settings) is { Length: > 0 } differences)
            {
                throw new CommandException($"The folder '{path}' is of an evaluation with other settings: {differences}. Give the same settings to go on with it, or another folder with --output.");
            }

            if (there.Shard != wanted.Shard)
            {
                throw new CommandException($"The folder '{path}' holds shard {there.Shard}, this run is {wanted.Shard}; expected the same. Give another folder with --output; costate evaluate merge joins them.");
            }

            contents = wanted.With(there);
        }

        using OutputFolder output = OutputFolder.Prepare(path, ContentsFile);
        File.WriteAllText(output.Stage(ContentsFile), JsonReport.Text(contents) + '\n');
        output.Commit();
        return contents;
    }

    internal bool Has(int pair, string method) => File.Exists(ResultPath(pair, method));

    /// <summary>All results there are, by pair and method.</summary>
    /// <exception cref="CommandException">One cannot be read.</exception>
    internal IReadOnlyList<PairResult> Results()
    {
        string pairs = At("pairs");
        return !Directory.Exists(pairs) ? [] :
        [
            .. Directory.EnumerateFiles(pairs, "*.json", SearchOption.AllDirectories)
                .Where(file => !Path.GetFileName(file).StartsWith('.'))
                .Select(Read<PairResult>)
                .OrderBy(r => r.Pair)
                .ThenBy(r => r.Method, StringComparer.Ordinal),
        ];
    }

    /// <summary>Keeps a result and its morph, [3, side, side].</summary>
    internal void Add(PairResult result, Tensor morph)
    {
        Directory.CreateDirectory(PairFolder(result.Pair));
        Write(MorphPath(result.Pair, result.Method), Png(morph));
        Write(ResultPath(result.Pair, result.Method), System.Text.Encoding.UTF8.GetBytes(JsonReport.Text(result) + '\n'));
    }

    /// <summary>Takes a result over from another folder.</summary>
    internal void Copy(EvaluationFolder from, PairResult result)
    {
        Directory.CreateDirectory(PairFolder(result.Pair));
        Write(MorphPath(result.Pair, result.Method), File.ReadAllBytes(from.MorphPath(result.Pair, result.Method)));
        Write(ResultPath(result.Pair, result.Method), File.ReadAllBytes(from.ResultPath(result.Pair, result.Method)));
    }

    /// <summary>Where a morph is.</summary>
    internal string MorphPath(int pair, string method) => Path.ChangeExtension(ResultPath(pair, method), ".png");

    /// <summary>The kept encoding of a pair: both starts and both codes, [1, ...]; null if there is none.</summary>
    internal IReadOnlyDictionary<string, Tensor>? Encoding(int pair)
    {
        string file = Path.Combine(PairFolder(pair), EncodingFile);
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
        Directory.CreateDirectory(PairFolder(pair));
        SafetensorsFile.Write(Path.Combine(PairFolder(pair), EncodingFile), encoding);
    }

    private string At(string name) => Path.Combine(FullName, name);

    private string PairFolder(int pair) => At(Path.Combine("pairs", pair.ToString("0000", CultureInfo.InvariantCulture)));

    // A name of a method may be no name of a file everywhere.
    private string ResultPath(int pair, string method) => Path.Combine(PairFolder(pair), method.Replace(':', ' ') + ".json");

    private static T Read<T>(string file)
    {
        try
        {
            return JsonReport.Read<T>(file);
        }
        catch (JsonException e)
        {
            throw new CommandException($"Cannot read '{file}': {e.Message} Expected a file of costate evaluate morphs. Remove it to compute it anew.", e);
        }
    }

    private static void Write(string file, byte[] bytes)
    {
        string temporary = Path.Combine(Path.GetDirectoryName(file)!, $".costate-{Path.GetRandomFileName()}");
        File.WriteAllBytes(temporary, bytes);
        File.Move(temporary, file, overwrite: true);
    }

    private static byte[] Png(Tensor face)
    {
        using DisposeScope scope = NewDisposeScope();
        byte[] values = [.. face.add(1).mul_(127.5).round_().to(ScalarType.Byte).permute(1, 2, 0).contiguous().data<byte>()];
        using var bitmap = new SKBitmap(new SKImageInfo((int)face.shape[2], (int)face.shape[1], SKColorType.Rgba8888, SKAlphaType.Opaque));
        Span<byte> pixels = bitmap.GetPixelSpan();
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = i % 4 == 3 ? (byte)255 : values[(i / 4 * 3) + (i % 4)];
        }

        using SKData png = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }
}
