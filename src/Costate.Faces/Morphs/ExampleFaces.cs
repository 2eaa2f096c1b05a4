namespace Costate.Faces.Morphs;

/// <summary>Two faces that the project has drawn, of people who do not exist and whom no network was trained on.</summary>
internal static class ExampleFaces
{
    internal const string NameA = "example A";
    internal const string NameB = "example B";

    internal static (FacePicture A, FacePicture B) Read(int side) => (Read(NameA, "a.png", side), Read(NameB, "b.png", side));

    private static FacePicture Read(string name, string file, int side)
    {
        using Stream stream = typeof(ExampleFaces).Assembly.GetManifestResourceStream($"Costate.Faces.Examples.{file}")!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return FacePicture.Read(name, bytes.ToArray(), side);
    }
}
