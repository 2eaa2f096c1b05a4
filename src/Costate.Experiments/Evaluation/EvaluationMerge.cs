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
        EvaluationContents whole = EvaluationContents.Whole([.. parts.Select(p => (p.Path, p.Contents))], output.Item);
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

        HashSet<(int, string)> there = [.. results.Keys];
        Array.ForEach(parts, part => part.Folder.RequireComplete(part.Contents, there));
        whole = output.Begin(whole);
        foreach ((ResultFolder<TResult> folder, TResult result, _) in results.Values)
        {
            cancellationToken.ThrowIfCancellationRequested();
            output.Copy(folder, result);
        }

        return whole;
    }

    private static string Capital(string word) => char.ToUpperInvariant(word[0]) + word[1..];
}
