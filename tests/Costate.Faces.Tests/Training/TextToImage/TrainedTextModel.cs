using Costate.Faces.Training.TextToImage;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Faces.Tests.Training.TextToImage;

/// <summary>The tiny training, done once for all tests that begin where it ends.</summary>
public sealed class TrainedTextModel : IDisposable
{
    private const string Name = "run";

    private readonly TemporaryFolder folder = new();

    public TrainedTextModel()
    {
        using var scope = NewDisposeScope();
        TinyTextModel.Training(folder, Name).Run(only: null, "test", progress: null, default);
    }

    public void Dispose() => folder.Dispose();

    /// <summary>Its whole folder in another, to go on with or to damage.</summary>
    internal TextModelTraining CopyTo(TemporaryFolder other, string name = Name)
    {
        foreach (string file in Directory.GetFiles(folder.PathTo(Name), "*", SearchOption.AllDirectories))
        {
            string copy = other.PathTo(name, Path.GetRelativePath(folder.PathTo(Name), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return TinyTextModel.Training(other, name);
    }
}
