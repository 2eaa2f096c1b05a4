using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using TorchSharp;

namespace Costate.Benchmarks;

/// <summary>The figures as a table, one line as soon as each is known, and as JSON.</summary>
internal sealed class Report(TextWriter output)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly List<Figure> figures = [];

    internal bool Passed => figures.All(figure => figure.Passed);

    internal void WriteHeader()
    {
        output.WriteLine($"{"figure",-56}{"value",8}{"target",10}");
        output.Flush();
    }

    internal void Add(Figure figure)
    {
        figures.Add(figure);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{figure.Name,-56}{figure.Value,8:0.000}{$"<= {figure.Target:0.##}",10}  {(figure.Passed ? "pass" : "FAIL")}"));
        output.WriteLine($"  {figure.Detail}");
        output.Flush();
    }

    /// <summary>Writes all at once: the file is whole or not there.</summary>
    internal void Save(string path)
    {
        var json = new JsonObject
        {
            ["passed"] = Passed,
            ["processors"] = Environment.ProcessorCount,
            ["libtorch"] = torch.__version__,
            ["figures"] = new JsonArray([.. figures.Select(figure => new JsonObject
            {
                ["name"] = figure.Name,
                ["value"] = figure.Value,
                ["target"] = figure.Target,
                ["passed"] = figure.Passed,
                ["detail"] = figure.Detail,
            })]),
        };
        string temporary = path + ".tmp";
        File.WriteAllText(temporary, json.ToJsonString(Indented) + "\n");
        File.Move(temporary, path, overwrite: true);
    }
}
