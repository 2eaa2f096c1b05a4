using Costate.Experiments.Evaluation;
using Costate.Faces.Files;
using Costate.Faces.Morphs;
using Costate.Faces.Reports;

namespace Costate.Experiments.Batches;

/// <summary>Morphs of many pairs as they are kept: a folder for each, called by its name.</summary>
internal sealed class MorphFolder(string path) : ResumableFolder(path, "morph", "costate morph")
{
    /// <summary>The folder of a pair.</summary>
    internal string FolderOf(string name) => At(name);

    /// <summary>What is there of a pair; null if nothing is.</summary>
    /// <exception cref="InvalidDataException">It cannot be read, or something else is in the way.</exception>
    internal MorphReport? Find(string name)
    {
        if (File.Exists(At(name)))
        {
            throw new InvalidDataException(
                $"'{At(name)}' is a file; expected a folder for the pair, or nothing yet. Give the pair another name.");
        }

        string result = At(name, MorphReport.FileName);
        return File.Exists(result) ? Read<MorphReport>(result) : null;
    }

    /// <summary>Keeps a morph.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    internal MorphReport Add(
        MorphBatchPair pair, MorphOutcome outcome, IReadOnlyDictionary<string, Setting> settings, ulong seed)
    {
        using OutputFolder folder = OutputFolder.Prepare(At(pair.Row.Name), MorphReport.AllFiles);
        MorphReport report = MorphReport.Write(folder, outcome, pair.A, pair.B, settings, seed);
        folder.Commit();
        return report;
    }
}
