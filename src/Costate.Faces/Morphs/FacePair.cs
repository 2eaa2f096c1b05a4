using Costate.Faces.Inputs;

namespace Costate.Faces.Morphs;

/// <summary>Two pictures of a user's to morph.</summary>
internal static class FacePair
{
    /// <summary>Reads both.</summary>
    /// <exception cref="InvalidDataException">One cannot be used, or they are one file.</exception>
    internal static (FacePicture A, FacePicture B) Read(InputFiles files, string a, string b, int side)
    {
        FacePicture first = Read(files, a, side);
        FacePicture second = Read(files, b, side);
        return a == InputFiles.StandardInput || b == InputFiles.StandardInput || Target(a) != Target(b)
            ? (first, second)
            : throw new InvalidDataException($"Got {a} and {b}, which are the same file; expected pictures of two people.");
    }

    private static FacePicture Read(InputFiles files, string path, int side) =>
        FacePicture.Read(path, files.Picture("the picture", path), side);

    private static string Target(string path)
    {
        string full = Path.GetFullPath(path);
        return File.ResolveLinkTarget(full, returnFinalTarget: true)?.FullName ?? full;
    }
}
