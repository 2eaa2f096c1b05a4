using System.Text;
using System.Text.Json;
using Costate.Networks;
using Costate.Testing;
using static TorchSharp.torch;

namespace Costate.Cli.Tests.Commands.Sampling;

/// <summary>The commands on folders of pipelines, beside the library.</summary>
public sealed class PipelineCommandGoldenTests
{
    private const string Text = "a photograph of a horse";

    public static TheoryData<string> Folders =>
    [
        .. Directory.EnumerateDirectories(Goldens.PathTo("pipelines"))
            .Where(folder => File.Exists(Path.Combine(folder, "model_index.json")))
            .Select(folder => Path.GetFileName(folder)!)
            .Where(IsSupported),
    ];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Sample_IsTheLibrarys(string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = Goldens.PathTo("pipelines", name);
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(path);
        string? negative = IsDistilled(pipeline) ? null : "blurry";
        string[] sample = ["sample", "--model", path, "--prompt", Text, "--steps", "4", "--seed", "3", "--output", folder.FullName];
        Tool.Done([.. sample, .. negative is null ? (string[])[] : ["--negative", negative]]);
        if (negative is null)
        {
            Tool.Fails(2, [.. sample[..^1], folder.PathTo("other"), "--negative", "blurry"], "negative", "distilled");
        }

        (int height, int width) = pipeline.PictureSize;
        Tensor latent = pipeline
            .Sampler(4, negative: negative)
            .Sample(pipeline.DrawStart(3, height, width), pipeline.Condition(Text));
        using SafetensorsFile file = SafetensorsFile.Open(folder.PathTo("sample.safetensors"));
        Near.Equal(latent, file.Read("sample"), 1e-6);

        // The picture is the decoded latent, and says how it was made.
        JsonElement settings = JsonDocument.Parse(File.ReadAllText(folder.PathTo("result.json"))).RootElement.GetProperty("settings");
        Assert.Equal(Text, settings.GetProperty("prompt").GetString());
        string png = Encoding.Latin1.GetString(File.ReadAllBytes(folder.PathTo("sample.png")));
        Assert.Contains("iTXtcostate", png, StringComparison.Ordinal);
        Assert.Contains(Text, png, StringComparison.Ordinal);
        using SkiaSharp.SKBitmap picture = SkiaSharp.SKBitmap.Decode(folder.PathTo("sample.png"));
        Assert.Equal((width, height), (picture.Width, picture.Height));
        float red = pipeline.Decode(latent)[0, 0, 0, 0].item<float>();
        Assert.InRange(picture.GetPixel(0, 0).Red - Math.Clamp((red + 1) * 127.5, 0, 255), -1, 1);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void InvertAndDecode_GiveTheLatentBack_ToTheLastBit(string name)
    {
        string path = Goldens.PathTo("pipelines", name);
        foreach (string dtype in new[] { "float32", "bfloat16", "float16" })
        {
            using var scope = NewDisposeScope();
            using var folder = new TemporaryFolder();
            Tool.Done("sample", "--model", path, "--prompt", Text, "--steps", "2", "--dtype", dtype, "--output", folder.PathTo("a"));
            string latent = $"{folder.PathTo("a", "sample.safetensors")}:sample";
            Tool.Done("invert", latent, "--model", path, "--prompt", Text, "--guidance-scale", "2", "--solver", "rex:euler", "--steps", "5", "--dtype", dtype, "--output", folder.PathTo("b"));
            Tool.Done("decode", folder.PathTo("b", "latent.safetensors"), "--model", path, "--output", folder.PathTo("c"));
            using SafetensorsFile before = SafetensorsFile.Open(folder.PathTo("a", "sample.safetensors"));
            using SafetensorsFile after = SafetensorsFile.Open(folder.PathTo("c", "sample.safetensors"));
            Assert.Equal(before.Read("sample").data<float>().ToArray(), after.Read("sample").data<float>().ToArray());

            // What it was inverted under is in its file, and another text is not taken for it.
            Tool.Fails(2, ["decode", folder.PathTo("b", "latent.safetensors"), "--model", path, "--prompt", "a zebra", "--output", folder.PathTo("d")], "--prompt", Text);
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Edit_IsExactUnderTheSameText_AndChangesUnderAnother(string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = Goldens.PathTo("pipelines", name);
        string picture = Pictures.Write(folder.PathTo("picture.png"), 48, 40);
        string[] same = ["edit", picture, "--model", path, "--from", Text, "--steps", "3", "--solver", "rex:euler", "--guidance-scale", "2"];
        Tool.Done([.. same, "--prompt", Text, "--output", folder.PathTo("same")]);
        Tool.Done([.. same, "--prompt", "a zebra", "--output", folder.PathTo("other")]);
        using SafetensorsFile a = SafetensorsFile.Open(folder.PathTo("same", "edit.safetensors"));
        using SafetensorsFile b = SafetensorsFile.Open(folder.PathTo("other", "edit.safetensors"));
        Assert.Equal(a.Read("original").data<float>().ToArray(), a.Read("sample").data<float>().ToArray());
        Assert.Equal(a.Read("original").data<float>().ToArray(), b.Read("original").data<float>().ToArray());
        Assert.False(a.Read("sample").allclose(b.Read("sample")));
        Assert.True(File.Exists(folder.PathTo("other", "sheet.png")));

        // A latent brings its text with it.
        Tool.Done("invert", picture, "--model", path, "--prompt", Text, "--steps", "3", "--solver", "rex:euler", "--guidance-scale", "2", "--output", folder.PathTo("latent"));
        Tool.Done("edit", folder.PathTo("latent", "latent.safetensors"), "--model", path, "--prompt", "a zebra", "--output", folder.PathTo("again"));
        using SafetensorsFile c = SafetensorsFile.Open(folder.PathTo("again", "edit.safetensors"));
        Assert.Equal(b.Read("sample").data<float>().ToArray(), c.Read("sample").data<float>().ToArray());
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Gradient_IsTheLibrarys(string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = Goldens.PathTo("pipelines", name);
        Tool.Done("gradient", "--model", path, "--prompt", Text, "--steps", "3", "--loss", "mean-square", "--output", folder.FullName);
        using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(path);
        (int height, int width) = pipeline.PictureSize;
        SampleGradient expected = pipeline.Sampler(3).Gradient(
            pipeline.DrawStart(0, height, width), pipeline.Condition(Text), x => pipeline.Decode(x).square().mean([1, 2, 3]));
        using SafetensorsFile file = SafetensorsFile.Open(folder.PathTo("gradient.safetensors"));
        Near.Equal(expected.StartNoise, file.Read("start_noise_gradient"), 1e-4);
        string[] names = [.. file.Names.Where(n => n.StartsWith("condition_gradient", StringComparison.Ordinal))];
        Assert.Equal(expected.Conditions.Count, names.Length);
        Assert.Equal(!IsDistilled(pipeline), file.Names.Any(n => n.StartsWith("unconditional_gradient", StringComparison.Ordinal)));
        foreach ((string key, Tensor gradient) in expected.Conditions)
        {
            Near.Equal(gradient, file.Read(names.Length == 1 ? names[0] : $"condition_gradient.{key}"), 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Prompts_OfAFile_HaveASampleEach(string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = Goldens.PathTo("pipelines", name);
        string prompts = folder.Write("prompts.txt", $"{Text}\n\na zebra\n");
        Tool.Done("sample", "--model", path, "--prompts", prompts, "--steps", "2", "--output", folder.PathTo("both"));
        Tool.Done("sample", "--model", path, "--prompt", Text, "--steps", "2", "--output", folder.PathTo("one"));
        using SafetensorsFile both = SafetensorsFile.Open(folder.PathTo("both", "sample.safetensors"));
        using SafetensorsFile one = SafetensorsFile.Open(folder.PathTo("one", "sample.safetensors"));
        Assert.Equal(2, both.Read("sample").shape[0]);
        Assert.True(File.Exists(folder.PathTo("both", "sample-2.png")));
        Near.Equal(one.Read("start_noise"), both.Read("start_noise").narrow(0, 0, 1), 1e-7);
        Near.Equal(one.Read("sample"), both.Read("sample").narrow(0, 0, 1), 1e-4);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void ImageToImage_BeginsOnItsStep(string name)
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = Goldens.PathTo("pipelines", name);
        string picture = Pictures.Write(folder.PathTo("picture.png"), 64, 64);
        string scheduler = HasTransformer(path) ? "FlowMatchEulerDiscreteScheduler" : "DDIMScheduler";
        ToolRun run = Tool.Done(
            "sample", "--model", path, "--prompt", Text, "--image", picture, "--strength", "0.5", "--steps", "7",
            "--guidance-scale", "1", "--scheduler", scheduler, "--json", "--output", folder.PathTo("part"));
        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal(3, report.GetProperty("cost").GetProperty("networkEvaluations").GetInt64());
        Tool.Fails(2, ["sample", "--model", path, "--prompt", Text, "--strength", "0.5"], "--strength without --image");
        Tool.Fails(2, ["sample", "--condition-from", picture, "--image", picture], "--image");
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void WhatIsWrong_IsNamed(string name)
    {
        using var folder = new TemporaryFolder();
        string path = Goldens.PathTo("pipelines", name);
        string[] sample = ["sample", "--model", path, "--steps", "2", "--output", folder.PathTo("out")];
        Tool.Fails(2, sample, "--prompt");
        Tool.Fails(2, [.. sample, "--prompt", Text, "--size", "33x32"], "--size", "33x32", "8 divides");
        Tool.Fails(2, [.. sample, "--prompt", Text, "--schedule", "vp-linear"], "--schedule");
        Tool.Fails(2, [.. sample, "--prompt", Text, "--prompts", "file"], "--prompts");
        Tool.Fails(1, [.. sample, "--prompt", Text, "--scheduler", "NoScheduler"], "NoScheduler");
        Tool.Fails(1, ["sample", "--model", folder.FullName, "--prompt", Text, "--output", folder.PathTo("out")], "model_index.json");
        Assert.False(Directory.Exists(folder.PathTo("out")));

        // A text of several lines is one text.
        Tool.Done([.. sample, "--prompt", "a horse\non a meadow"]);
        Assert.False(File.Exists(folder.PathTo("out", "sample-2.png")));
        string horses = string.Join(' ', Enumerable.Repeat("horse", HasTransformer(path) ? 600 : 200));
        ToolRun longText = Tool.Done([.. sample, "--prompt", horses + " zebra"]);
        Assert.Contains("does not see", longText.Error, StringComparison.Ordinal);
        Assert.Contains("zebra", longText.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Model_SaysWhatIsThere()
    {
        foreach (string path in Directory.EnumerateDirectories(Goldens.PathTo("pipelines")))
        {
            ToolRun run = Tool.Run("model", path, "--json");
            JsonElement report = JsonDocument.Parse(run.Output).RootElement;
            Assert.Equal(IsSupported(Path.GetFileName(path)) ? 0 : 1, run.ExitCode);
            Assert.Equal(run.ExitCode == 0, report.GetProperty("refused").ValueKind == JsonValueKind.Null);
            long parameters = report.GetProperty("parts").EnumerateArray().Sum(part => part.GetProperty("parameters").GetInt64());
            Assert.Equal(parameters, report.GetProperty("parameters").GetInt64());
            if (run.ExitCode == 0)
            {
                // A file may hold buffers, such as the positions of a text, beside the parameters.
                using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(path);
                long loaded = pipeline.Network.parameters()
                    .Concat(pipeline.Codec.parameters())
                    .Concat(pipeline.TextEncoder!.parameters())
                    .Concat(pipeline.TextEncoder2?.parameters() ?? [])
                    .Concat(pipeline.LongTextEncoder?.parameters() ?? [])
                    .Sum(parameter => parameter.numel());
                Assert.InRange(parameters, loaded, loaded * 1.01);
                JsonElement memory = report.GetProperty("memory");
                Assert.Equal(pipeline.PictureSize, (memory.GetProperty("height").GetInt32(), memory.GetProperty("width").GetInt32()));
                JsonElement larger = JsonDocument.Parse(Tool.Done("model", path, "--size", "512x512", "--json").Output).RootElement.GetProperty("memory");
                Assert.InRange(memory.GetProperty("sampleInSingle").GetInt64(), 4 * parameters, larger.GetProperty("sampleInSingle").GetInt64() - 1);
                Assert.True(larger.GetProperty("gradientInSingle").GetInt64() > larger.GetProperty("sampleInSingle").GetInt64());
                Assert.True(larger.GetProperty("gradientInHalf").GetInt64() < larger.GetProperty("gradientInSingle").GetInt64());

                // The encoders are gone before the run, and nothing else is.
                JsonElement without = report.GetProperty("memoryWithoutEncoders");
                pipeline.ReleaseTextEncoders();
                long encoders = report.GetProperty("encoderParameters").GetInt64();
                Assert.InRange(encoders, 1, loaded);
                Assert.Equal(
                    memory.GetProperty("gradientInHalf").GetInt64() - (2 * encoders), without.GetProperty("gradientInHalf").GetInt64());
                Assert.InRange(parameters - encoders, (long)(0.99 * Held(pipeline)), (long)(1.01 * Held(pipeline)));
                string shown = Tool.Done("model", path).Output;
                Assert.Contains("They are let go of before a run", shown, StringComparison.Ordinal);
                Assert.Contains("a gradient of it, about:", shown, StringComparison.Ordinal);
                Assert.Contains(pipeline.Network.GetType().Name, shown, StringComparison.Ordinal);
                Assert.Contains(pipeline.Scheduler.ClassName, shown, StringComparison.Ordinal);
            }
        }

        using var folder = new TemporaryFolder();
        Tool.Fails(1, ["model", folder.FullName], "model_index.json");
        Tool.Fails(1, ["model", folder.PathTo("none")], "no such file");
    }

    private static long Held(DiffusionPipeline pipeline) =>
        pipeline.Network.parameters().Concat(pipeline.Codec.parameters()).Sum(parameter => parameter.numel());

    private static bool HasTransformer(string path) => Directory.Exists(Path.Combine(path, "transformer"));

    private static bool IsDistilled(DiffusionPipeline pipeline) => pipeline.Network is FluxTransformer2DModel;

    private static bool IsSupported(string name)
    {
        try
        {
            using DiffusionPipeline pipeline = DiffusionPipeline.FromPretrained(Goldens.PathTo("pipelines", name));
            return true;
        }
        catch (NotSupportedException)
        {
            return false;
        }
    }
}
