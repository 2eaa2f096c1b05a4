namespace Costate.Faces.Morphs;

/// <summary>Two faces that the project has drawn, of people who do not exist and whom no network was trained on.</summary>
internal static class ExampleFaces
{
    internal const string NameA = "example A";
    internal const string NameB = "example B";
    internal const string FileA = "a.png";
    internal const string FileB = "b.png";

    internal static (FacePicture A, FacePicture B) Read(int side) => (Read(NameA, FileA, side), Read(NameB, FileB, side));

    /// <summary>One of the two as a PNG file.</summary>
    internal static Stream Open(string file) =>
        typeof(ExampleFaces).Assembly.GetManifestResourceStream($"Costate.Faces.Examples.{file}")!;

    private static FacePicture Read(string name, string file, int side)
    {
        using Stream stream = Open(file);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return FacePicture.Read(name, bytes.ToArray(), side);
    }
}
