namespace Costate.Experiments.Evaluation;

/// <summary>Joins the shards of an evaluation.</summary>
/// <param name="open">Opens a folder.</param>
internal sealed class EvaluationMerge<TResult>(Func<string, ResultFolder<TResult>> open)
    where TResult : IEvaluated
{
    /// <summary>Checks that the folders are all shards of one evaluation, each complete, and copies their results.</summary>
    /// <exception cref="InvalidDataException">They are not: settings differ, a shard or a result is missing, or an item is in
    /// two.</exception>
    internal EvaluationContents Run(IReadOnlyList<string> folders, ResultFolder<TResult> output, CancellationToken cancellationToken)
    {
        (string Path, ResultFolder<TResult> Folder, EvaluationContents Contents)[] parts =
        [
            .. folders.Select(path => (path, Folder: open(path)))
                .Select(p =>
                    (
                        p.path,
                        p.Folder,
                        p.Folder.Contents
                            ?? throw new InvalidDataException(
                                $"Got '{p.path}': it has no {EvaluationContents.File}; expected a folder that costate evaluate "
                                    + $"{output.Study} has written."))),
        ];
        EvaluationContents whole = Whole(parts);
        var results = new Dictionary<(int Item, string Method), (ResultFolder<TResult> Folder, TResult Result, string Path)>();
        foreach ((string path, ResultFolder<TResult> folder, _) in parts)
        {
            foreach (TResult result in folder.Results())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!results.TryAdd((result.Item, result.Method), (folder, result, path)))
                {
                    throw new InvalidDataException(
                        $"{Capital(output.Item)} {result.Item} with {result.Method} is in '{results[(result.Item, result.Method)].Path}' "
                            + $"and in '{path}'; expected every {output.Item} in one shard. Leave one of the folders out.");
                }
            }
        }

        RequireComplete(parts, results.Keys);
        whole = output.Begin(whole);
        foreach ((ResultFolder<TResult> folder, TResult result, _) in results.Values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            output.Copy(folder, result);
        }

        return whole;
    }

    private static EvaluationContents Whole((string Path, ResultFolder<TResult> Folder, EvaluationContents Contents)[] parts)
    {
        (string firstPath, ResultFolder<TResult> folder, EvaluationContents first) = parts[0];
        foreach ((string path, _, EvaluationContents contents) in parts.Skip(1))
        {
            if (contents.Study != first.Study)
            {
                throw new InvalidDataException(
                    $"'{path}' is of costate evaluate {contents.Study}, '{firstPath}' of {first.Study}. Merge shards of one evaluation.");
            }

            if (contents.Differences(first.Settings, $"in '{path}'", $"in '{firstPath}'") is { Length: > 0 } differences)
            {
                throw new InvalidDataException(
                    $"The folders are of evaluations with different settings: {differences}. Merge shards of one evaluation.");
            }

            if (
                contents
                    .With(first)
                    .Methods.FirstOrDefault(m => contents.Methods.GetValueOrDefault(m.Key) != first.Methods.GetValueOrDefault(m.Key)) is
                { Key: string method })
            {
                throw new InvalidDataException(
                    $"'{path}' is for {contents.Methods.GetValueOrDefault(method)} {folder.Item}s of {method}, "
                        + $"'{firstPath}' for {first.Methods.GetValueOrDefault(method)}; expected the same. "
                        + $"Run costate evaluate {folder.Study} on the one that has less.");
            }
        }

        int count = Shard.Parse(first.Shard).Count;
        string[] expected = [.. Enumerable.Range(1, count).Select(i => new Shard(i, count).ToString())];
        string[] missing = [.. expected.Except(parts.Select(p => p.Contents.Shard))];
        string[] strange = [.. parts.Select(p => p.Contents.Shard).Except(expected)];
        return missing.Length > 0 || strange.Length > 0
            ? throw new InvalidDataException(
                $"Got the shards {string.Join(", ", parts.Select(p => p.Contents.Shard))}; expected each of "
                    + $"{string.Join(", ", expected)}. Missing: {(missing.Length == 0 ? "none" : string.Join(", ", missing))}; "
                    + $"of another division: {(strange.Length == 0 ? "none" : string.Join(", ", strange))}.")
            : first with { Shard = Shard.Whole.ToString() };
    }

    private static void RequireComplete(
        IEnumerable<(string Path, ResultFolder<TResult> Folder, EvaluationContents Contents)> parts,
        IEnumerable<(int Item, string Method)> there)
    {
        HashSet<(int, string)> all = [.. there];
        foreach ((string path, ResultFolder<TResult> folder, EvaluationContents contents) in parts)
        {
            foreach (string method in contents.Methods.Keys)
            {
                int[] missing = [.. contents.ItemsOf(method).Where(item => !all.Contains((item, method)))];
                if (missing.Length > 0)
                {
                    throw new InvalidDataException(
                        $"'{path}' (shard {contents.Shard}) lacks {missing.Length} {folder.Item}s of {method}, "
                            + $"the first of them {folder.Item} {missing[0]}; run costate evaluate {folder.Study} on it until it is done.");
                }
            }
        }
    }

    private static string Capital(string word) => char.ToUpperInvariant(word[0]) + word[1..];
}
