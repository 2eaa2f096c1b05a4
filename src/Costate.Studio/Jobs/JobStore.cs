using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Costate.Faces.Reports;

namespace Costate.Studio.Jobs;

/// <summary>The folder of jobs: each has one of its own, with its record and its results.</summary>
/// <remarks>
/// Names of folders and files come from this class and the tool alone. Records are replaced whole, so that none is ever half written.
/// </remarks>
internal sealed partial class JobStore
{
    private const string RecordFile = "job.json";
    private const string ResultFolder = "files";

    private readonly string folder;

    internal JobStore(string folder) => Directory.CreateDirectory(this.folder = Path.GetFullPath(folder));

    /// <summary>The name of a job that was asked for at a time, to a ten-millionth of a second: names are in the order of time.</summary>
    internal static string IdAt(DateTime time) => time.ToString("yyyyMMdd-HHmmss-fffffff", CultureInfo.InvariantCulture);

    /// <summary>Where a job's results go.</summary>
    internal string ResultsOf(string id) => Path.Combine(folder, id, ResultFolder);

    /// <summary>The arguments that say it to the tool.</summary>
    internal static IEnumerable<string> OutputOf(string results) => ["-o", results];

    /// <summary>All jobs that are there, the first first. What cannot be read is left alone.</summary>
    internal IReadOnlyList<JobRecord> Read()
    {
        List<JobRecord> read = [];
        IEnumerable<string> folders = Directory.EnumerateDirectories(folder).Where(path => Id().IsMatch(Path.GetFileName(path)));
        foreach (string path in folders.Order(StringComparer.Ordinal))
        {
            try
            {
                var record = JsonReport.Read<JobRecord>(Path.Combine(path, RecordFile));
                if (record.Id == Path.GetFileName(path))
                {
                    read.Add(record);
                }
            }
            catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
            {
                // A folder that was being made or deleted when the studio ended.
            }
        }

        return read;
    }

    internal void Write(JobRecord record)
    {
        string path = Path.Combine(folder, record.Id);
        Directory.CreateDirectory(path);
        string incoming = Path.Combine(path, RecordFile + ".new");
        File.WriteAllText(incoming, JsonReport.Text(record));
        File.Move(incoming, Path.Combine(path, RecordFile), overwrite: true);
    }

    /// <summary>The names of a job's results, in folders of their own with a slash.</summary>
    internal IReadOnlyList<string> FilesOf(string id)
    {
        string results = ResultsOf(id);
        return !Directory.Exists(results) ? []
            :
            [
                .. Directory.EnumerateFiles(results, "*", SearchOption.AllDirectories)
                    .Select(path => Path.GetRelativePath(results, path).Replace('\\', '/'))
                    .Where(name => !name.Split('/').Any(part => part.StartsWith('.')))
                    .Order(StringComparer.Ordinal),
            ];
    }

    internal void Delete(string id) => Directory.Delete(Path.Combine(folder, id), recursive: true);

    [GeneratedRegex("^[0-9]{8}-[0-9]{6}-[0-9]{7}$")]
    private static partial Regex Id();
}
