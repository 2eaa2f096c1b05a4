using Costate.Cli.Models;

namespace Costate.Cli.Morphs;

/// <summary>Two pictures to morph.</summary>
internal static class MorphInputs
{
    /// <summary>Reads both.</summary>
    /// <exception cref="CommandException">One cannot be used, or they are one file.</exception>
    internal static (FacePicture A, FacePicture B) Read(InputFiles files, string a, string b, int side)
    {
        FacePicture first = FacePicture.Read(files, a, side);
        FacePicture second = FacePicture.Read(files, b, side);
        return a == InputFiles.StandardInput || b == InputFiles.StandardInput || Target(a) != Target(b)
            ? (first, second)
            : throw new CommandException($"Got {a} and {b}, which are the same file; expected pictures of two people.");
    }

    private static string Target(string path)
    {
        string full = Path.GetFullPath(path);
        return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
    }
}
