using Costate.Faces.Files;
using Costate.Faces.Models;

namespace Costate.Faces.Machines;

/// <summary>Whether what is needed besides the machine is there: a folder to write to, and the embedded model.</summary>
internal static class Workplace
{
    /// <summary>Looks.</summary>
    /// <param name="output">The folder to try; nothing is left in it.</param>
    /// <param name="weights">Those of the embedded model; those that the tool came with if null.</param>
    /// <param name="hasLibtorch">Whether networks can be read at all.</param>
    internal static IEnumerable<Finding> Look(string output, string? weights, bool hasLibtorch) =>
    [
        Try("output folder", () => Writable(output)),
        Try("embedded model", () => hasLibtorch ? Model(weights) : "not looked at without libtorch"),
    ];

    // What a run itself would say of it.
    private static Finding Try(string name, Func<string> look)
    {
        try
        {
            return new(name, look());
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            return new(name, "cannot be used", e.Message);
        }
    }

    private static string Writable(string folder)
    {
        using OutputFolder tried = OutputFolder.Prepare(folder);
        File.WriteAllText(tried.Stage("tried"), "tried");
        return $"{tried.FullName} can be written to";
    }

    private static string Model(string? folder)
    {
        using var model = new EmbeddedModel(folder);
        return $"{model.Check()} networks, whole, in {model.Folder}";
    }
}
