using System.Globalization;
using System.Text.Json;
using Costate.Faces.Pictures;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Experiments.Evaluation;

/// <summary>
/// Results as they are kept: a folder for each item, in it a file for each method, and its picture. Every file appears complete or not at
/// all, so a run that ends early can go on.
/// </summary>
/// <param name="path">The folder.</param>
/// <param name="study">What is evaluated, as <c>costate evaluate</c> names it.</param>
/// <param name="item">What an item is called.</param>
internal class ResultFolder<TResult>(string path, string study, string item)
    where TResult : IEvaluated
{
    internal string FullName { get; } = Path.GetFullPath(path);

    /// <summary>What is evaluated, as <c>costate evaluate</c> names it.</summary>
    internal string Study => study;

    /// <summary>What an item is called.</summary>
    internal string Item => item;

    /// <summary>What it is for; null if it is new.</summary>
    /// <exception cref="InvalidDataException">Its contents cannot be read.</exception>
    internal EvaluationContents? Contents => EvaluationContents.Of(FullName);

    /// <summary>Takes the folder for a run.</summary>
    /// <param name="wanted">What the run is for.</param>
    /// <returns>What the folder is for now: with the items and methods of earlier runs too.</returns>
    /// <exception cref="InvalidDataException">It is of other settings or another shard, or cannot be written to.</exception>
    internal EvaluationContents Begin(EvaluationContents wanted) => wanted.Begin(path);

    internal bool Has(int number, string method) => File.Exists(ResultPath(number, method));

    /// <summary>All results there are, by item and method.</summary>
    /// <exception cref="InvalidDataException">One cannot be read.</exception>
    internal IReadOnlyList<TResult> Results()
    {
        string all = At($"{item}s");
        return !Directory.Exists(all) ? [] :
        [
            .. Directory.EnumerateFiles(all, "*.json", SearchOption.AllDirectories)
                .Where(file => !Path.GetFileName(file).StartsWith('.'))
                .Select(Read<TResult>)
                .OrderBy(r => r.Item)
                .ThenBy(r => r.Method, StringComparer.Ordinal),
        ];
    }

    /// <summary>Keeps a result and its picture, [3, side, side].</summary>
    internal void Add(TResult result, Tensor picture)
    {
        Directory.CreateDirectory(ItemFolder(result.Item));
        Write(PicturePath(result.Item, result.Method), PictureFile.Png(picture));
        Write(ResultPath(result.Item, result.Method), System.Text.Encoding.UTF8.GetBytes(JsonReport.Text(result) + '\n'));
    }

    /// <summary>Takes a result over from another folder.</summary>
    internal void Copy(ResultFolder<TResult> from, TResult result)
    {
        Directory.CreateDirectory(ItemFolder(result.Item));
        Write(PicturePath(result.Item, result.Method), File.ReadAllBytes(from.PicturePath(result.Item, result.Method)));
        Write(ResultPath(result.Item, result.Method), File.ReadAllBytes(from.ResultPath(result.Item, result.Method)));
    }

    /// <summary>Where a picture is.</summary>
    internal string PicturePath(int number, string method) => Path.ChangeExtension(ResultPath(number, method), ".png");

    /// <summary>A folder of an item's own.</summary>
    private protected string ItemFolder(int number) => At(Path.Combine($"{item}s", number.ToString("0000", CultureInfo.InvariantCulture)));

    private string At(string name) => Path.Combine(FullName, name);

    // A name of a method may be no name of a file everywhere.
    private string ResultPath(int number, string method) => Path.Combine(ItemFolder(number), method.Replace(':', ' ') + ".json");

    private T Read<T>(string file)
    {
        try
        {
            return JsonReport.Read<T>(file);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"Cannot read '{file}': {e.Message} Expected a file of costate evaluate {study}. Remove it to compute it anew.",
                e);
        }
    }

    private static void Write(string file, byte[] bytes)
    {
        string temporary = Path.Combine(Path.GetDirectoryName(file)!, $".costate-{Path.GetRandomFileName()}");
        try
        {
            File.WriteAllBytes(temporary, bytes);
            File.Move(temporary, file, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
