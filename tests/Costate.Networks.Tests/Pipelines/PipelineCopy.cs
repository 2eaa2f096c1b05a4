using System.Text.Json.Nodes;
using Costate.Testing;

namespace Costate.Networks.Tests;

/// <summary>A pipeline's folder of the goldens, to change.</summary>
public abstract class PipelineCopy : IDisposable
{
    protected PipelineCopy(string? model = null)
    {
        string golden = GoldenPipeline.Folders.First(path => model is null || Path.GetFileName(path) == model);
        foreach (string file in Directory.GetFiles(golden, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(golden, file);
            if (!name.StartsWith("single-file", StringComparison.Ordinal) && !name.StartsWith("expected", StringComparison.Ordinal))
            {
                Folder.Write(name, File.ReadAllBytes(file));
            }
        }
    }

    private protected TemporaryFolder Folder { get; } = new();

    public void Dispose()
    {
        Folder.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Changes a JSON file.</summary>
    private protected void Change(string file, Action<JsonObject> change)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(Folder.PathTo(file)))!.AsObject();
        change(config);
        Folder.Write(file, config.ToJsonString());
    }
}
