using System.Text;
using Costate.Faces.Reports;

namespace Costate.Experiments.Evaluation;

/// <summary>The measurements of a study as they are kept: a file for each, so that a run that ends early can go on.</summary>
/// <param name="path">The folder.</param>
/// <param name="study">Which study, as <c>costate study</c> names it.</param>
internal sealed class MeasurementFolder(string path, string study) : ResumableFolder(path, study, $"costate study {study}")
{
    private const string Folder = "measurements";

    /// <summary>Takes the folder for a run, or goes on with it.</summary>
    /// <param name="settings">What all measurements have in common.</param>
    /// <exception cref="InvalidDataException">It is of another study or other settings, or cannot be written to.</exception>
    internal void Begin(params (string Name, Setting? Value)[] settings)
    {
        Begin(new EvaluationContents
        {
            Study = Study,
            Settings = Setting.Named(settings),
            Shard = "1/1",
            Methods = new Dictionary<string, int>(),
        });
        Directory.CreateDirectory(At(Folder));
    }

    /// <summary>All measurements: those of earlier runs are read, the others made and kept one by one.</summary>
    /// <param name="planned">What to measure.</param>
    /// <param name="progress">Told how much of the work that was left is done.</param>
    /// <param name="cancellationToken">Looked at before each.</param>
    internal IReadOnlyList<T> Take<T>(
        IReadOnlyList<PlannedMeasurement<T>> planned, Action<double> progress, CancellationToken cancellationToken)
    {
        double left = planned.Where(each => !File.Exists(FileOf(each.Name))).Sum(each => each.Work), done = 0;
        List<T> taken = [];
        foreach (PlannedMeasurement<T> each in planned)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string file = FileOf(each.Name);
            if (!File.Exists(file))
            {
                T measured = each.Measure(share => progress((done + (share * each.Work)) / left));
                Write(file, Encoding.UTF8.GetBytes(JsonReport.Text(measured) + '\n'));
                done += each.Work;
                progress(done / left);
            }

            taken.Add(Read<T>(file));
        }

        return taken;
    }

    /// <summary>Where a file of a name of its own is kept beside the measurements.</summary>
    internal string PathOf(string file) => At(Folder, file);

    private string FileOf(string name) => At(Folder, name + ".json");
}

/// <summary>A measurement to be made.</summary>
/// <param name="Name">Of its file.</param>
/// <param name="Work">How long it takes beside the others.</param>
/// <param name="Measure">Makes it, telling how much of it is done.</param>
internal sealed record PlannedMeasurement<T>(string Name, double Work, Func<Action<double>, T> Measure);
