using System.Text.Json;
using Costate.Faces.Models;
using Costate.Testing;

namespace Costate.Cli.Tests.Commands.Train;

/// <summary>costate train vocabulary.</summary>
public sealed class TrainVocabularyCommandTests
{
    [Fact]
    public void Run_WritesBothFiles()
    {
        using var folder = new TemporaryFolder();
        Tool.Done("train", "vocabulary", "--captions", "200", "--merges", "50", "--output", folder.FullName);
        var numbers = JsonSerializer.Deserialize<Dictionary<string, int>>(File.ReadAllText(folder.PathTo("vocab.json")))!;
        string[] merges = File.ReadAllLines(folder.PathTo("merges.txt"));
        Assert.Equal("#version: 0.2", merges[0]);
        Assert.Equal(50, merges.Length - 1);
        Assert.Equal(564, numbers.Count);
        Assert.Equal(Enumerable.Range(0, 564), numbers.Values.Order());
        Assert.All(merges.Skip(1), m => Assert.Contains(m.Replace(" ", "", StringComparison.Ordinal), numbers.Keys));
    }

    [Fact]
    public void Embedded_IsLearntFromTheCaptions()
    {
        using var folder = new TemporaryFolder();
        Tool.Done("train", "vocabulary", "--output", folder.FullName);
        string embedded = Path.Combine(new EmbeddedModel().TextFolder, "tokenizer");
        Assert.All(
            (string[])["vocab.json", "merges.txt"],
            file => Assert.Equal(File.ReadAllText(folder.PathTo(file)), File.ReadAllText(Path.Combine(embedded, file))));
    }
}
