using Costate.Faces.Guidance;

namespace Costate.Studio.Forms;

/// <summary>C# for guided pictures.</summary>
internal static class GuideCodeText
{
    /// <summary>The methods that C# says in a line, which are those that sample.</summary>
    internal static IReadOnlyList<string> Methods { get; } =
        [.. GuideMethod.All.Where(method => method.Options is not null).Select(method => method.Name)];

    internal static string Of(FormValues form)
    {
        bool isPipeline = form.Model is not null || form.Values["task"] == GuideTask.Prompt.Name;
        return CSharp.Begin("Costate.Faces.Models", "Costate.Networks", "SkiaSharp") + (isPipeline ? OfPipeline(form) : OfFaces()) + $"""
            Tensor picture = Read({CSharp.Literal(form.Values["IMAGE"])}, height, width);
            {Loss(form)}
            {Condition(form, isPipeline)}
            var guided = new GuidedSampler(model.Denoiser, model.Schedule, model.Grid({form.Or("steps", "20")}), {Options(form)});
            NoiseSeeds seed = NoiseSeeds.OfItems([{form.Or("seed", "0")}]);
            Tensor start = model.DrawStart({(isPipeline ? "model.ToLatents!(picture).shape" : "picture.shape")}, seed);
            GuidedSample sample = guided.Sample(start, condition, {(isPipeline ? "x => loss(model.ToPictures!(x))" : "loss")}, seed);
            Write("guided", {(isPipeline ? "model.ToPictures!(sample.Sample)" : "sample.Sample")});

            """ + CSharp.ReadPicture + CSharp.WritePictures;
    }

    private static string OfFaces() => """
        using FaceModel faces = FaceModel.Embedded();
        Model model = faces.Model;
        int height = faces.Side, width = faces.Side;

        """;

    private static string OfPipeline(FormValues form) => CSharp.Pipeline(form.Model) + """
        Model model = pipeline.ToModel(guidanceScale: 1);

        """;

    private static string Loss(FormValues form) => form.Values["task"] switch
    {
        "identity" => """
            Tensor person = faces.Attack.Embed(picture);
            Func<Tensor, Tensor> loss = x => linalg.vector_norm(faces.Attack.Embed(x) - person, 2, [1L]);
            """,
        "prompt" => $"""
            // The tool asks its CLIP pair, {CSharp.Literal(form.Or("prompt", ""))}; any measure of yours takes its place.
            Func<Tensor, Tensor> loss = x => x.square().mean([1L, 2, 3]);
            """,
        "custom-torchscript-loss" => $"""
            using var script = jit.load<Tensor, Tensor>({CSharp.Literal(form.Or("loss", ""))});
            Func<Tensor, Tensor> loss = x => script.call(x);
            """,
        _ => $"""
            Measurement seen = Measurement.Observe({Operator(form)}, picture);
            Func<Tensor, Tensor> loss = x => {(form.Or("method", "greedy") == "greedy" ? "seen.Norm(x).square() / 2" : "seen.Norm(x)")};
            """,
    };

    private static string Condition(FormValues form, bool isPipeline) => isPipeline ? "Condition condition = pipeline.Condition(\"\");"
        : form.Values["task"] switch
        {
            "inpaint" => """
                Tensor isSeen = seen.Operator.Apply(ones_like(picture));
                Tensor mean = seen.Observation.sum([2L, 3], keepdim: true) / isSeen.sum([2L, 3], keepdim: true);
                Condition? condition = model.Encode!(seen.Observation + (mean * (1 - isSeen)));
                """,
            "super-resolution" or "deblur" => """
                Tensor large = nn.functional.interpolate(
                    seen.Observation, [height, width], mode: InterpolationMode.Bicubic, align_corners: false).clamp(-1, 1);
                Condition? condition = model.Encode!(large);
                """,
            _ => "Condition? condition = model.Encode!(picture);",
        };

    private static string Operator(FormValues form) => form.Values["task"] switch
    {
        "super-resolution" => $"LinearOperator.AveragePooling({form.Or("factor", "4")})",
        "deblur" => $"LinearOperator.GaussianBlur({form.Or("blur", "2")}, 2 * Math.Min(height, width) - 1)",
        _ when form.Has("mask") =>
            $"LinearOperator.Masked((Read({CSharp.Literal(form.Values["mask"])}, height, width)[0, 0] > 0).to(ScalarType.Float32))",
        _ => "LinearOperator.BoxInpainting(height / 4, width / 4, height / 2, width / 2)",
    };

    private static string Options(FormValues form)
    {
        string whole = form.Or("strength", "") is { Length: > 0 } given ? given
            : FormattableString.Invariant($"{GuideMethod.Parse("method", form.Values["method"]).StrengthFor(Task(form))}");
        string each = $"{whole} / {form.Or("steps", "20")}.0";
        return form.Or("method", "greedy") switch
        {
            "unguided" => "GuidancePreset.Unguided()",
            "dps" => $"GuidancePreset.Dps({each})",
            "freedom" => $"GuidancePreset.FreeDom({each})",
            "lgd-mc" => $"GuidancePreset.LgdMc({each})",
            "mpgd" => $"GuidancePreset.Mpgd({each})",
            "universal" => $"GuidancePreset.Universal({whole}, backward: {each})",
            "tfg" => $"GuidancePreset.Tfg({each}, {each})",
            _ => $"new GuidanceOptions {{ StateStrength = {whole} }}",
        };
    }

    private static GuideTask Task(FormValues form) => GuideTask.Parse("task", form.Values["task"], GuideTask.All);
}
