using System.Text.Json.Nodes;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Networks.Tests;

/// <summary>A copy of a golden network's folder, to be changed.</summary>
internal sealed class ModelFolder : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly string weights;

    public ModelFolder(string weights, params string[] golden)
    {
        this.weights = weights;
        foreach (string name in new[] { "config.json", weights })
        {
            File.Copy(Fixtures.PathTo([.. golden, name]), folder.PathTo(name));
        }
    }

    public string Path => folder.FullName;

    /// <summary>Sets an option of the configuration; null removes it.</summary>
    public ModelFolder Set(string option, JsonNode? value)
    {
        JsonObject config = JsonNode.Parse(File.ReadAllText(folder.PathTo("config.json")))!.AsObject();
        config.Remove(option);
        if (value is not null)
        {
            config[option] = value;
        }

        return Write(config.ToJsonString());
    }

    /// <summary>Replaces the configuration.</summary>
    public ModelFolder Write(string config)
    {
        File.WriteAllText(folder.PathTo("config.json"), config);
        return this;
    }

    /// <summary>Changes the file of weights.</summary>
    public ModelFolder Change(Action<Dictionary<string, Tensor>> change)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors;
        using (SafetensorsFile file = SafetensorsFile.Open(folder.PathTo(weights)))
        {
            tensors = new(file.ReadAll());
        }

        change(tensors);
        SafetensorsFile.Write(folder.PathTo(weights), tensors);
        return this;
    }

    public void Dispose() => folder.Dispose();
}
