using Costate.Faces.Guidance;
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

    [Fact]
    public void Guide_HasTheMethodsOfTheTool_EachWithItsOwnFields()
    {
        using var folder = new TemporaryFolder();
        using var uploads = new UploadStore(folder.FullName, new StudioLimits(), () => 0);
        StudioForm guide = StudioForms.Named("guide");
        string[] methods = [.. GuideMethod.All.Select(method => method.Name)];
        Assert.Equal(methods, guide.Fields.Single(field => field.Name == "method").Choices);
        Assert.Equal("--steps 20", Options("greedy"));
        Assert.Equal("--lookahead all --steps 20", Options("dps", ("lookahead", "all")));
        Assert.Equal("", Options("end-to-end"));
        Assert.Equal(
            "--iterations 30 --optimise code --steps 4",
            Options("end-to-end", ("iterations", "30"), ("optimise", "code"), ("all-steps", "4"), ("steps", "7"), ("lookahead", "4")));
        Assert.Equal("--iterations 5 --steps 20", Options("greedy-dim", ("iterations", "5"), ("optimise", "code")));

        string Options(string method, params (string Name, string Value)[] more)
        {
            IReadOnlyList<FormField> fields = [.. guide.Fields.Where(field => field.Name != "IMAGE")];
            Dictionary<string, string> given = new() { ["task"] = "deblur", ["method"] = method };
            foreach ((string name, string value) in more)
            {
                given[name] = value;
            }

            string line = (guide with { Fields = fields }).Read(given, uploads, new()).CommandLine;
            Assert.StartsWith($"costate guide --task deblur --blur 2 --method {method}", line);
            Assert.EndsWith(" --samples 1 --seed 0", line);
            return line[$"costate guide --task deblur --blur 2 --method {method}".Length..^" --samples 1 --seed 0".Length].Trim();
        }
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

    [Fact]
    public void Device_IsSaidToWhatComputesWithNetworks()
    {
        using var folder = new TemporaryFolder();
        using var uploads = new UploadStore(folder.PathTo("uploads"), new StudioLimits(), () => 0);
        var computing = new ComputingChoice("/models/sd", "/weights", 1, "cuda:1");
        FormValues sample = StudioForms.Named("sample").Read(new Dictionary<string, string>(), uploads, computing);
        Assert.Equal(["--device", "cuda:1", "--threads", "1"], sample.Arguments.TakeLast(4));
        Assert.DoesNotContain("--device", StudioForms.Named("study").Read(new Dictionary<string, string>(), uploads, computing).Arguments);
    }

    [Theory]
    [InlineData("plain", "\"plain\"")]
    [InlineData("a\"b\\c\u0000\u2028{x}", "\"a\\\"b\\\\c\\u0000\\u2028{x}\"")]
    public void Literal_IsOneOfCSharp(string text, string literal) => Assert.Equal(literal, CSharp.Literal(text));
}
