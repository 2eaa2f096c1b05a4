using Costate.Experiments.Batches;
using Costate.Testing;

namespace Costate.Experiments.Tests.Batches;

public sealed class PairsFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Rows_AreRead_GoodAndBad()
    {
        string path = folder.Write(
            "pairs.csv",
            "a,b,name\nx.png,y.png\n\n\"p, q.png\", z.png "
                + ",third\none.png\nx.png,,e\nx.png,y.png,third\nx.png,y.png,../out\n\"x.png,y.png\na,b,c,d\n");
        IReadOnlyList<PairsRow> rows = PairsFile.Read(path);
        Assert.Equal([2, 4, 5, 6, 7, 8, 9, 10], rows.Select(r => r.Line));
        Assert.Equal(("", folder.PathTo("x.png"), folder.PathTo("y.png")), (rows[0].Name, rows[0].A, rows[0].B));
        Assert.Equal(("third", folder.PathTo("p, q.png"), folder.PathTo("z.png")), (rows[1].Name, rows[1].A, rows[1].B));
        Assert.All(rows.Take(2), row => Assert.Null(row.Error));
        string[] errors = ["got 1 values", "1 of them empty", "which line 4 has", "'../out'", "quote", "got 4 values"];
        Assert.All(errors.Zip(rows.Skip(2)), pair => Assert.Contains(pair.First, pair.Second.Error));
    }

    [Theory]
    [InlineData("morphs.csv")]
    [InlineData("Evaluation.JSON")]
    [InlineData("batch.json")]
    [InlineData(".hidden")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a\\b")]
    [InlineData("c:d")]
    [InlineData("what?")]
    [InlineData("nul")]
    [InlineData("COM1.png")]
    [InlineData("end.")]
    [InlineData("tab\there")]
    [InlineData("ONE")]
    [InlineData("u\u0308ber")]
    public void NamesThatNoFolderMayHave_OrThatAreTaken_AreRefused(string name)
    {
        IReadOnlyList<PairsRow> rows = PairsFile.Read(
            folder.Write("pairs.csv", $"x.png,y.png,one\nx.png,y.png,\u00fcber\nx.png,y.png,{name}\n"));
        Assert.Equal([null, null], rows.Take(2).Select(row => row.Error));
        Assert.Matches($"^got the name '{System.Text.RegularExpressions.Regex.Escape(name.Normalize())}'.*; expected ", rows[2].Error);
    }

    [Theory]
    [InlineData("result")]
    [InlineData("report")]
    [InlineData("Anna & Ben (2)")]
    [InlineData("日本")]
    [InlineData("morphs")]
    [InlineData("console")]
    public void OtherNames_AreTaken(string name) =>
        Assert.Null(PairsFile.Read(folder.Write("pairs.csv", $"x.png,y.png,{name}\n"))[0].Error);

    [Fact]
    public void FileWithoutPairs_IsRefused()
    {
        Assert.Contains("does not exist", Assert.Throws<InputException>(() => PairsFile.Read(folder.PathTo("none.csv"))).Message);
        Assert.Contains("no pairs", Assert.Throws<InputException>(() => PairsFile.Read(folder.Write("empty.csv", "a,b\n\n"))).Message);
    }
}
