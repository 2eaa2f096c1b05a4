using System.Globalization;

namespace Costate.Faces.Training;

/// <summary>Numbers of a training by step, a CSV file that grows.</summary>
internal sealed class TrainingLog
{
    private readonly string path;

    /// <param name="path">The file.</param>
    /// <param name="columns">What follows after the step.</param>
    /// <param name="resumedAt">Where the run goes on; later rows, which it will write once more, are dropped.</param>
    internal TrainingLog(string path, IReadOnlyList<string> columns, long resumedAt)
    {
        this.path = path;
        IEnumerable<string> kept = resumedAt > 0 && File.Exists(path)
            ? File.ReadAllLines(path).Skip(1).Where(line => long.TryParse(line.Split(',')[0], out long step) && step <= resumedAt)
            : [];
        File.WriteAllLines(path, [string.Join(',', ["step", .. columns]), .. kept]);
    }

    /// <summary>The lines of a log with no more than so many rows, spread evenly and always with the last.</summary>
    internal static IReadOnlyList<string> Thinned(string path, int maxRows)
    {
        string[] lines = File.ReadAllLines(path);
        int stride = (lines.Length - 2 + maxRows) / maxRows;
        return [lines[0], .. lines.Where((_, i) => i > 0 && (lines.Length - 1 - i) % stride == 0)];
    }

    internal void Add(long step, params IReadOnlyList<double> values) =>
        File.AppendAllText(
            path,
            string.Join(
                ',',
                [step.ToString(CultureInfo.InvariantCulture), .. values.Select(v => v.ToString("G6", CultureInfo.InvariantCulture))]) + '\n'
        );
}
