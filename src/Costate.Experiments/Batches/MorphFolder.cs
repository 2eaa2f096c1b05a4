using Costate.Experiments.Evaluation;
using Costate.Faces.Files;
using Costate.Faces.Morphs;
using Costate.Faces.Reports;

namespace Costate.Experiments.Batches;

/// <summary>Morphs of many pairs as they are kept: a folder for each, called by its name.</summary>
internal sealed class MorphFolder(string path) : ResumableFolder(path, StudyName, "costate morph")
{
    internal const string StudyName = "morph";

    /// <summary>The folder of a pair.</summary>
    internal string FolderOf(string name) => At(name);

    /// <summary>Whether there is a morph of a pair.</summary>
    internal bool Has(string name) => File.Exists(At(name, MorphReport.FileName));

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

    /// <summary>What the last run says of all; null if none has ended.</summary>
    /// <exception cref="InvalidDataException">It cannot be read.</exception>
    internal MorphBatchReport? Summary()
    {
        string file = At(MorphBatchFiles.Report);
        return File.Exists(file) ? Read<MorphBatchReport>(file) : null;
    }

    /// <summary>Takes a morph over from another folder.</summary>
    internal void Copy(MorphFolder from, string name)
    {
        using OutputFolder folder = OutputFolder.Prepare(At(name), MorphReport.AllFiles);
        foreach (string file in MorphReport.AllFiles)
        {
            File.Copy(from.At(name, file), folder.Stage(file));
        }

        folder.Commit();
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
