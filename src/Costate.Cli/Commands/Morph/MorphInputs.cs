using Costate.Cli.Files;
using Costate.Faces.Models;
using Costate.Faces.Morphs;

namespace Costate.Cli.Commands.Morph;

/// <summary>Two pictures to morph.</summary>
internal static class MorphInputs
{
    /// <summary>Reads both.</summary>
    /// <exception cref="CommandException">One cannot be used, or they are one file.</exception>
    internal static (FacePicture A, FacePicture B) Read(InputFiles files, string a, string b, int side)
    {
        FacePicture first = Read(files, a, side);
        FacePicture second = Read(files, b, side);
        return a == InputFiles.StandardInput || b == InputFiles.StandardInput || Target(a) != Target(b)
            ? (first, second)
            : throw new CommandException($"Got {a} and {b}, which are the same file; expected pictures of two people.");
    }

    /// <summary>Reads one.</summary>
    /// <exception cref="CommandException">There is no such file, or it is no picture.</exception>
    internal static FacePicture Read(InputFiles files, string path, int side) =>
        FacePicture.Read(path, files.Picture("the picture", path), side);

    /// <summary>What morphs by these settings.</summary>
    /// <exception cref="UsageException">The settings do not go together.</exception>
    internal static MorphRun Run(FaceModel model, MorphSettings settings)
    {
        try
        {
            return new MorphRun(model, settings);
        }
        catch (Exception e) when (e is InvalidOperationException or (ArgumentException and not InputException))
        {
            throw new UsageException(FailureText.Of(e));
        }
    }

    private static string Target(string path)
    {
        string full = Path.GetFullPath(path);
        return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
    }
}
