using System.Globalization;
using Costate.Experiments.Sharing;
using Costate.Faces.Pictures;
using Costate.Faces.Reports;
using static TorchSharp.torch;

namespace Costate.Experiments.Evaluation;

/// <summary>
/// Results of an evaluation as they are kept: a folder for each item, in it a file for each method, and its picture.
/// </summary>
/// <param name="path">The folder.</param>
/// <param name="study">What is evaluated, as <c>costate evaluate</c> names it.</param>
/// <param name="item">What an item is called.</param>
internal class ResultFolder<TResult>(string path, string study, string item)
    : ResumableFolder(path, study, $"costate evaluate {study}")
    where TResult : IEvaluated
{
    /// <summary>What an item is called.</summary>
    internal string Item => item;

    internal bool Has(int number, string method) => File.Exists(ResultPath(number, method));

    /// <summary>Takes the folder for a run that computes a part of its items.</summary>
    /// <param name="wanted">What the run is for: of each method, as many items.</param>
    /// <param name="division">Which part.</param>
    /// <exception cref="InvalidDataException">It is of other settings or another shard, or cannot be used.</exception>
    internal (EvaluationContents Contents, WorkItems Items) Begin(EvaluationContents wanted, Division division)
    {
        int all = wanted.Methods.Values.Max();
        HashSet<int> missing = [.. Missing(Enumerable.Range(0, all), [.. wanted.Methods.Keys]).Select(m => m.Item)];
        return wanted.Begin(FullName, division, all, missing.Contains);
    }

    /// <summary>Which results are not there, of all items and methods; of many items that is found out sooner together.</summary>
    internal IEnumerable<(int Item, string Method)> Missing(IEnumerable<int> items, IReadOnlyList<string> methods)
    {
        string all = At($"{item}s");
        HashSet<string> there =
            Directory.Exists(all) ? [.. Directory.EnumerateFiles(all, "*.json", SearchOption.AllDirectories)] : [];
        return from number in items from method in methods where !there.Contains(ResultPath(number, method)) select (number, method);
    }

    /// <summary>The results that make it complete.</summary>
    internal virtual IEnumerable<(int Item, string Method)> Expected(EvaluationContents contents) =>
        from method in contents.Methods.Keys from number in contents.ItemsOf(method) select (number, method);

    /// <summary>Makes sure that it is complete.</summary>
    /// <param name="contents">What it is for.</param>
    /// <param name="there">The results there are.</param>
    /// <exception cref="InvalidDataException">Some are missing.</exception>
    internal void RequireComplete(EvaluationContents contents, IReadOnlySet<(int Item, string Method)> there)
    {
        if (Expected(contents).Where(result => !there.Contains(result)).GroupBy(result => result.Method).FirstOrDefault() is { } missing)
        {
            throw new InvalidDataException(
                $"'{FullName}' (shard {contents.Shard}) lacks {missing.Count()} {item}s of {missing.Key}, the first of them "
                    + $"{item} {missing.First().Item}; run costate evaluate {Study} on it until it is done.");
        }
    }

    /// <summary>All results of a folder that is complete, by item and method: what can be summed up.</summary>
    /// <param name="contents">What it is for.</param>
    /// <exception cref="InvalidDataException">Some are missing, there are none, or one cannot be read.</exception>
    internal IReadOnlyList<TResult> Results(EvaluationContents contents)
    {
        IReadOnlyList<TResult> results = Results();
        RequireComplete(contents, results.Select(result => (result.Item, result.Method)).ToHashSet());
        return results.Count > 0
            ? results
            : throw new InvalidDataException($"There are no results in '{FullName}'; expected some of costate evaluate {Study}.");
    }

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

    /// <summary>Keeps a result and its picture, [3, side, side], where it has one.</summary>
    internal void Add(TResult result, Tensor? picture = null)
    {
        Directory.CreateDirectory(ItemFolder(result.Item));
        if (picture is not null)
        {
            Write(PicturePath(result.Item, result.Method), PictureFile.Png(picture));
        }

        Write(ResultPath(result.Item, result.Method), System.Text.Encoding.UTF8.GetBytes(JsonReport.Text(result) + '\n'));
    }

    /// <summary>Takes a result over from another folder.</summary>
    internal void Copy(ResultFolder<TResult> from, TResult result)
    {
        Directory.CreateDirectory(ItemFolder(result.Item));
        if (HasPictures)
        {
            Write(PicturePath(result.Item, result.Method), File.ReadAllBytes(from.PicturePath(result.Item, result.Method)));
        }

        Write(ResultPath(result.Item, result.Method), File.ReadAllBytes(from.ResultPath(result.Item, result.Method)));
    }

    /// <summary>Where a picture is.</summary>
    internal string PicturePath(int number, string method) => Path.ChangeExtension(ResultPath(number, method), ".png");

    /// <summary>The picture of a result, [1, 3, height, width].</summary>
    /// <exception cref="InvalidDataException">It is missing or damaged.</exception>
    internal Tensor Picture(int number, string method)
    {
        string path = PicturePath(number, method);
        try
        {
            using var picture = new EncodedPicture($"the picture {path}", File.ReadAllBytes(path));
            return picture.ToSample(grey: false);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new InvalidDataException($"{e.Message} Remove '{ResultPath(number, method)}' to make it anew.", e);
        }
    }

    /// <summary>Whether results have pictures.</summary>
    private protected virtual bool HasPictures => true;

    /// <summary>A folder of an item's own.</summary>
    private protected string ItemFolder(int number) => At($"{item}s", number.ToString("0000", CultureInfo.InvariantCulture));

    // A name of a method may be no name of a file everywhere.
    private string ResultPath(int number, string method) => Path.Combine(ItemFolder(number), method.Replace(':', ' ') + ".json");
}
