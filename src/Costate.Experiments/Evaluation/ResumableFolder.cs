using System.Text.Json;
using Costate.Faces.Reports;

namespace Costate.Experiments.Evaluation;

/// <summary>
/// A folder in which what is finished stays, so that a run that ends early can go on: a note of what it is for, and results, each of which
/// appears complete or not at all.
/// </summary>
/// <param name="path">The folder.</param>
/// <param name="study">What is in it.</param>
/// <param name="command">What fills it, as messages name it.</param>
internal abstract class ResumableFolder(string path, string study, string command)
{
    internal string FullName { get; } = Path.GetFullPath(path);

    /// <summary>What is in it.</summary>
    internal string Study => study;

    /// <summary>What it is for; null if it is new.</summary>
    /// <exception cref="InvalidDataException">Its contents cannot be read.</exception>
    internal EvaluationContents? Contents => EvaluationContents.Of(FullName);

    /// <summary>Takes the folder for a run.</summary>
    /// <param name="wanted">What the run is for.</param>
    /// <returns>What the folder is for now: with the items and methods of earlier runs too.</returns>
    /// <exception cref="InvalidDataException">It is of other settings or another shard, or cannot be written to.</exception>
    internal EvaluationContents Begin(EvaluationContents wanted) => wanted.Begin(path);

    /// <summary>The full path of what has a name in it.</summary>
    private protected string At(params string[] names) => Path.Combine([FullName, .. names]);

    /// <summary>A result that an earlier run has written.</summary>
    /// <exception cref="InvalidDataException">It cannot be read.</exception>
    private protected T Read<T>(string file)
    {
        try
        {
            return JsonReport.Read<T>(file);
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"Cannot read '{file}': {e.Message} Expected a file of {command}. Remove it to compute it anew.", e);
        }
    }

    /// <summary>Writes a file, which appears complete or not at all.</summary>
    private protected static void Write(string file, byte[] bytes)
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
