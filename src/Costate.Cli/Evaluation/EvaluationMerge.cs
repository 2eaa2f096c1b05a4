namespace Costate.Cli.Evaluation;

/// <summary>Joins the shards of an evaluation.</summary>
internal static class EvaluationMerge
{
    /// <summary>Checks that the folders are all shards of one evaluation, each complete, and copies their results.</summary>
    /// <exception cref="CommandException">They are not: settings differ, a shard or a result is missing, or a pair is in two.</exception>
    internal static EvaluationContents Run(IReadOnlyList<string> folders, EvaluationFolder output, CancellationToken cancellationToken)
    {
        (string Path, EvaluationFolder Folder, EvaluationContents Contents)[] parts =
        [
            .. folders.Select(path => (path, Folder: new EvaluationFolder(path)))
                .Select(p => (p.path, p.Folder, p.Folder.Contents ?? throw new CommandException($"Got '{p.path}': it has no {EvaluationFolder.ContentsFile}; expected a folder that costate evaluate morphs has written."))),
        ];
        EvaluationContents whole = Whole(parts.Select(p => (p.Path, p.Contents)).ToArray());
        var results = new Dictionary<(int Pair, string Method), (EvaluationFolder Folder, PairResult Result, string Path)>();
        foreach ((string path, EvaluationFolder folder, _) in parts)
        {
            foreach (PairResult result in folder.Results())
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!results.TryAdd((result.Pair, result.Method), (folder, result, path)))
                {
                    throw new CommandException($"Pair {result.Pair} with {result.Method} is in '{results[(result.Pair, result.Method)].Path}' and in '{path}'; expected every pair in one shard. Leave one of the folders out.");
                }
            }
        }

        RequireComplete(parts, results.Keys);
        whole = output.Begin(whole);
        foreach ((EvaluationFolder folder, PairResult result, _) in results.Values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            output.Copy(folder, result);
        }

        return whole;
    }

    private static EvaluationContents Whole((string Path, EvaluationContents Contents)[] parts)
    {
        (string firstPath, EvaluationContents first) = parts[0];
        foreach ((string path, EvaluationContents contents) in parts.Skip(1))
        {
            if (contents.Differences(first.Settings, $"in '{path}'", $"in '{firstPath}'") is { Length: > 0 } differences)
            {
                throw new CommandException($"The folders are of evaluations with different settings: {differences}. Merge shards of one evaluation.");
            }

            if (contents.With(first).Methods.FirstOrDefault(m => contents.Methods.GetValueOrDefault(m.Key) != first.Methods.GetValueOrDefault(m.Key)) is { Key: string method })
            {
                throw new CommandException($"'{path}' is for {contents.Methods.GetValueOrDefault(method)} pairs of {method}, '{firstPath}' for {first.Methods.GetValueOrDefault(method)}; expected the same. Run costate evaluate morphs on the one that has less.");
            }
        }

        int count = Shard.Parse(first.Shard).Count;
        string[] expected = [.. Enumerable.Range(1, count).Select(i => new Shard(i, count).ToString())];
        string[] missing = [.. expected.Except(parts.Select(p => p.Contents.Shard))];
        string[] strange = [.. parts.Select(p => p.Contents.Shard).Except(expected)];
        return missing.Length > 0 || strange.Length > 0
            ? throw new CommandException($"Got the shards {string.Join(", ", parts.Select(p => p.Contents.Shard))}; expected each of {string.Join(", ", expected)}. Missing: {(missing.Length == 0 ? "none" : string.Join(", ", missing))}; of another division: {(strange.Length == 0 ? "none" : string.Join(", ", strange))}.")
            : first with { Shard = Shard.Whole.ToString() };
    }

    private static void RequireComplete(IEnumerable<(string Path, EvaluationFolder Folder, EvaluationContents Contents)> parts, IEnumerable<(int Pair, string Method)> there)
    {
        HashSet<(int, string)> all = [.. there];
        foreach ((string path, _, EvaluationContents contents) in parts)
        {
            foreach (string method in contents.Methods.Keys)
            {
                int[] missing = [.. contents.PairsOf(method).Where(pair => !all.Contains((pair, method)))];
                if (missing.Length > 0)
                {
                    throw new CommandException($"'{path}' (shard {contents.Shard}) lacks {missing.Length} pairs of {method}, the first of them pair {missing[0]}; run costate evaluate morphs on it until it is done.");
                }
            }
        }
    }
}
