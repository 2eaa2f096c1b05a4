using Costate.Studio.Access;
using Costate.Studio.Forms;
using Costate.Studio.Uploads;
using Costate.Testing;

namespace Costate.Studio.Tests.Forms;

public sealed class StudioFormTests
{
    [Fact]
    public void Fields_ThatAreNotThere_AreNotSaid()
    {
        using var folder = new TemporaryFolder();
        using var uploads = new UploadStore(folder.FullName, new StudioLimits(), () => 0);
        FormValues study = StudioForms.Named("study").Read(new Dictionary<string, string>(), uploads, new());
        Assert.Equal(["study", "--quick"], study.Arguments);
        FormValues other = StudioForms.Named("study").Read(
            new Dictionary<string, string> { ["study"] = "density", ["quick"] = "no" }, uploads, new("ignored", "ignored"));
        Assert.Equal("costate study density", other.CommandLine);
    }

    [Theory]
    [InlineData("a smile", "--prompt 'a smile'")]
    [InlineData("it's $HOME; rm -rf `x`", "--prompt 'it'\\''s $HOME; rm -rf `x`'")]
    [InlineData("two\nlines", "--prompt 'two lines'")]
    [InlineData("--output=/etc", "--prompt=--output=/etc")]
    public void Texts_AreQuoted(string prompt, string quoted)
    {
        using var folder = new TemporaryFolder();
        using var uploads = new UploadStore(folder.FullName, new StudioLimits(), () => 0);
        FormValues sample = StudioForms.Named("sample").Read(new Dictionary<string, string> { ["prompt"] = prompt }, uploads, new());
        Assert.StartsWith($"costate sample {quoted} --batch 4 ", sample.CommandLine);
        Assert.DoesNotContain('\n', sample.CommandLine);
    }

    [Fact]
    public void Model_TakesTheEmbeddedOnesPlace_WhereItCan()
    {
        using var folder = new TemporaryFolder();
        using var uploads = new UploadStore(folder.FullName, new StudioLimits(), () => 0);
        FormValues sample = StudioForms.Named("sample").Read(new Dictionary<string, string>(), uploads, new("/models/sd", "/weights", 1));
        Assert.Equal(["sample", "--model", "/models/sd"], sample.Arguments.Take(3));
        Assert.Equal(["--threads", "1"], sample.Arguments.TakeLast(2));
        Assert.DoesNotContain("--weights", sample.Arguments);
        Assert.Contains("FromPretrained(\"/models/sd\")", StudioForms.Named("sample").Code(sample));
    }

    [Theory]
    [InlineData("plain", "\"plain\"")]
    [InlineData("a\"b\\c\u0000\u2028{x}", "\"a\\\"b\\\\c\\u0000\\u2028{x}\"")]
    public void Literal_IsOneOfCSharp(string text, string literal) => Assert.Equal(literal, CSharp.Literal(text));
}
