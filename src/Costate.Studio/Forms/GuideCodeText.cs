using System.Globalization;
using Costate.Faces.Guidance;
using Costate.Faces.Names;

namespace Costate.Studio.Forms;

/// <summary>C# for guided pictures: what <c>costate guide</c> does, by each of its methods.</summary>
internal static class GuideCodeText
{
    internal static string Of(FormValues form)
    {
        bool isPipeline = form.Model is not null || form.Values["task"] == GuideTask.Prompt.Name;
        int samples = int.Parse(form.Or("samples", "1"), CultureInfo.InvariantCulture);
        ulong seed = ulong.Parse(form.Or("seed", "0"), CultureInfo.InvariantCulture);
        string read = $"Read({CSharp.Literal(form.Values["IMAGE"])}, height, width)";
        return CSharp.Begin(Namespaces(form)) + (isPipeline ? OfPipeline(form) : OfFaces()) + $"""
            Tensor picture = {read}{(samples == 1 ? "" : $".expand({samples}, -1, -1, -1).contiguous()")};
            {Seen(form)}
            {Condition(form, isPipeline)}
            {GuideLossText.Of(form, Method(form))}
            NoiseSeeds seed = NoiseSeeds.OfItems([{string.Join(", ", Enumerable.Range(0, samples).Select(i => seed + (ulong)i))}]);
            Tensor start = model.DrawStart({(isPipeline ? "model.ToLatents!(filled).shape" : "picture.shape")}, seed);
            {Guided(form, isPipeline)}
            Write("guided", {(isPipeline ? "model.ToPictures!(sample)" : "sample")});

            """ + CSharp.ReadPicture + CSharp.WritePictures;
    }

    private static string[] Namespaces(FormValues form) => form.Values["task"] == GuideTask.Prompt.Name
        ? ["Costate.Faces.Recognition", "Costate.Networks", "SkiaSharp"]
        : ["Costate.Faces.Models", "Costate.Networks", "SkiaSharp"];

    private static GuideMethod Method(FormValues form) => GuideMethod.Parse("method", form.Values["method"]);

    private static GuideTask Task(FormValues form) => GuideTask.Parse("task", form.Values["task"], GuideTask.All);

    private static string OfFaces() => """
        using FaceModel faces = FaceModel.Embedded();
        Model model = faces.Model;
        int height = faces.Side, width = faces.Side;

        """;

    private static string OfPipeline(FormValues form) => CSharp.Pipeline(form.Model) + """
        Model model = pipeline.ToModel(guidanceScale: 1);

        """;

    // What is known of the picture, and a whole one of it.
    private static string Seen(FormValues form) => form.Values["task"] switch
    {
        "inpaint" => $"""
            Measurement seen = Measurement.Observe({Operator(form)}, picture);
            Tensor isSeen = seen.Operator.Apply(ones_like(picture));
            Tensor mean = seen.Observation.sum([2L, 3], keepdim: true) / isSeen.sum([2L, 3], keepdim: true);
            Tensor filled = seen.Observation + (mean * (1 - isSeen));
            """,
        "super-resolution" or "deblur" => $"""
            Measurement seen = Measurement.Observe({Operator(form)}, picture);
            Tensor filled = nn.functional.interpolate(
                seen.Observation, [height, width], mode: InterpolationMode.Bicubic, align_corners: false).clamp(-1, 1);
            """,
        "identity" => "Tensor filled = zeros_like(picture);",
        _ => "Tensor filled = picture;",
    };

    private static string Operator(FormValues form) => form.Values["task"] switch
    {
        "super-resolution" => $"LinearOperator.AveragePooling({form.Or("factor", "4")})",
        "deblur" => $"LinearOperator.GaussianBlur({form.Or("blur", "2")}, "
            + $"(2 * (int)Math.Min(Math.Ceiling(4.0 * {form.Or("blur", "2")}), Math.Min(height, width) - 1)) + 1)",
        _ when form.Has("mask") => $"LinearOperator.Masked((Read({CSharp.Literal(form.Values["mask"])}, height, width)[0].mean([0L]) > 0)"
            + ".to(ScalarType.Float32))",
        _ => "LinearOperator.BoxInpainting(height / 4, width / 4, height / 2, width / 2)",
    };

    private static string Condition(FormValues form, bool isPipeline) => isPipeline ? "Condition condition = pipeline.Condition(\"\");"
        : form.Values["task"] switch
        {
            "identity" => """

                // The code of another face, which comes with the package.
                using (Stream other = typeof(FaceModel).Assembly.GetManifestResourceStream("Costate.Faces.Examples.b.png")!)
                using (FileStream file = File.Create("other.png"))
                {
                    other.CopyTo(file);
                }

                Condition condition = model.Encode!(Read("other.png", height, width).expand(picture.shape).contiguous());
                """,
            "custom-torchscript-loss" => "Condition condition = model.Encode!(picture);",
            _ => "Condition condition = model.Encode!(filled);",
        };

    // As it is decoded; an optimisation of the noise has no pixels beyond white and black.
    private static string Guided(FormValues form, bool isPipeline)
    {
        GuideMethod method = Method(form);
        int steps = int.Parse(form.Or("steps", form.Or("all-steps", $"{method.Steps}")), CultureInfo.InvariantCulture);
        string strength = Strength(form), iterations = form.Or("iterations", $"{method.Iterations}");
        string loss = isPipeline ? "x => loss(model.ToPictures!(x))" : "loss";
        string solved = $"new Sampler(model.Denoiser, model.Schedule, {{0}}, model.Grid({steps}))";
        string made = $"model.Denoiser, model.Schedule, model.Grid({steps})";
        return method.Kind switch
        {
            GuideKind.EndToEnd => $$"""
                var optimisation = new LatentOptimisation(
                    {{string.Format(CultureInfo.InvariantCulture, solved, "Solver.DpmSolverPlusPlus(2)")}},
                    x => loss({{(isPipeline ? "model.ToPictures!(x)" : "x")}}.clamp(-1, 1)),
                    new LatentOptimisationOptions
                    {
                        Targets = {{MorphCodeText.Targets(form.Or("optimise", "both"))}},
                        Optimiser = LatentOptimiser.Adam(),
                        KeepStartNorm = true,
                        Iterations = {{iterations}},
                        StartNoiseRate = {{strength}},
                        ConditionRate = {{strength}},
                    });
                Tensor sample = optimisation.Run(start, condition).Sample;
                """,
            GuideKind.Control => $$"""
                ControlOptions options = ControlOptions.{{(method.Name == "flowgrad" ? "FlowGrad" : "OcFlow")}} with
                {
                    LearningRate = {{strength}} / {{steps}}.0,
                    Iterations = {{iterations}},
                    StraightnessThreshold = 0,
                };
                var control = new ControlOptimisation(
                    {{string.Format(CultureInfo.InvariantCulture, solved, "Solver.Ddim()")}}, options, Checkpointing.States);
                Tensor sample = control.Optimise(start, condition, {{loss}}).Sample;
                """,
            GuideKind.GreedyDim => $$"""
                var options = new GreedyDimOptions { InnerSteps = {{iterations}}, LearningRate = {{strength}} };
                Tensor sample = new GreedyDim({{made}}, options).Sample(start, condition, {{loss}}).Sample;
                """,
            GuideKind.RedDiff => $$"""
                var redDiff = new RedDiff({{made}}, new RedDiffOptions { LearningRate = {{strength}} });
                Tensor begin = {{(isPipeline ? "model.ToLatents!(filled)" : "filled")}};
                Tensor sample = redDiff.Sample(begin, condition, {{loss}}, seed).Sample;
                """,
            _ => $"""
                var guided = new GuidedSampler({made}, {Options(form, strength, $"{strength} / {steps}.0")});
                Tensor sample = guided.Sample(start, condition, {loss}, seed).Sample;
                """,
        };
    }

    private static string Strength(FormValues form) => form.Or("strength", "") is { Length: > 0 } given ? given
        : FormattableString.Invariant($"{Method(form).StrengthFor(Task(form))}");

    private static string Options(FormValues form, string whole, string each)
    {
        string options = Method(form).Name switch
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
        return form.Or("lookahead", "1") switch
        {
            "1" => options,
            NamedLookahead.All => $"{options} with {{ Lookahead = Lookahead.EndToEnd() }}",
            string steps => $"{options} with {{ Lookahead = Lookahead.Euler({steps}) }}",
        };
    }
}
