using Costate.Faces.Reports;

namespace Costate.Faces.Tests.Reports;

public sealed class SettingTests
{
    [Fact]
    public void Numbers_AreNumbersInJson_AndTextIsText()
    {
        SortedDictionary<string, Setting> settings = Setting.Named([
            ("steps", (int?)4),
            ("seed", ulong.MaxValue),
            ("end", 1e-3),
            ("model", "7"),
            ("keep", true),
            ("none", (string?)null),
            ("absent", (int?)null),
            ("far", double.PositiveInfinity),
        ]);
        string json = JsonReport.Text(settings).ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal);
        Assert.Equal("""{"end":0.001,"far":"Infinity","keep":true,"model":"7","seed":18446744073709551615,"steps":4}""", json);
        Assert.Equal("1.7976931348623157E+308", ((Setting?)(double?)double.MaxValue)!.Text);
    }

    [Fact]
    public void Read_IsWhatWasWritten()
    {
        using var folder = new Costate.Testing.TemporaryFolder();
        SortedDictionary<string, Setting> settings = Setting.Named([("steps", (int?)4), ("rate", 0.1), ("name", "x"), ("keep", false)]);
        string path = folder.Write("settings.json", JsonReport.Text(settings));
        SortedDictionary<string, Setting> read = JsonReport.Read<SortedDictionary<string, Setting>>(path);
        Assert.Equal("", Setting.Differences(read, settings));
        Assert.Equal(JsonReport.Text(settings), JsonReport.Text(read));

        // Numbers that stand as text, as they once did, are the same.
        Assert.Equal("", Setting.Differences(Setting.Named([("steps", "4"), ("rate", "0.1"), ("name", "x"), ("keep", "false")]), settings));
        Assert.Equal(
            "rate (there none, now 0.1), steps (there 5, now 4)",
            Setting.Differences(Setting.Named([("steps", (int?)5), ("name", "x"), ("keep", false)]), settings));
        Assert.Throws<System.Text.Json.JsonException>(() =>
            JsonReport.Read<SortedDictionary<string, Setting>>(folder.Write("list.json", """{"steps":[1]}""")));
    }
}
