namespace Costate.Studio.Forms;

/// <summary>C# for pictures of pipelines: samples, edits, gradients.</summary>
internal static class PictureCode
{
    private const string Face = "face";

    internal static string Sample(FormValues form) => CSharp.Begin("Costate.Networks", "SkiaSharp") + CSharp.Pipeline(form.Model) + $"""
        Sampler sampler = pipeline.Sampler({SamplerArguments(form)});
        Tensor start = pipeline.DrawStart({form.Or("seed", "0")}, height, width, batch: {form.Or("batch", "1")});
        Condition words = pipeline.Condition([.. Enumerable.Repeat({CSharp.Literal(form.Or("prompt", ""))}, {form.Or("batch", "1")})]);
        {Path(form)}
        Write("sample", pipeline.Decode(sampler.Sample(start, words, noise)));

        """ + CSharp.WritePictures;

    internal static string Edit(FormValues form) => form.Values["by"] == Face ? EditByFace(form) : EditByWords(form);

    internal static string Gradient(FormValues form) => CSharp.Begin("Costate.Networks") + CSharp.Pipeline(form.Model) + $$"""
        Sampler sampler = pipeline.Sampler({{SamplerArguments(form)}});
        Tensor start = pipeline.DrawStart({{form.Or("seed", "0")}}, height, width);
        Condition words = pipeline.Condition({{CSharp.Literal(form.Or("prompt", ""))}});
        {{Loss(form)}}
        {{Path(form)}}
        SampleGradient gradient = sampler.Gradient(
            start,
            words,
            latents => loss(pipeline.Decode(latents)),
            {{Method(form.Or("method", "discrete"))}},
            noise,
            also: GradientParts.StateCotangents);
        Console.WriteLine($"loss {gradient.Loss.item<float>():G5}; the gradient's length at each state:");
        for (int i = 0; i <= sampler.Grid.Steps; i++)
        {
            Console.WriteLine($"t = {sampler.Grid.Times[i]:0.000}: {gradient.StateCotangents![i].norm().item<float>():G4}");
        }

        """;

    private static string EditByWords(FormValues form) =>
        CSharp.Begin("Costate.Networks", "SkiaSharp") + CSharp.Pipeline(form.Model) + $$"""
        Sampler exact = pipeline.Sampler({{SamplerArguments(form)}});
        Tensor picture = pipeline.Encode(Read({{CSharp.Literal(form.Values["SAMPLE"])}}, height, width));
        Condition shown = pipeline.Condition({{CSharp.Literal(form.Or("from", ""))}});
        Condition wanted = pipeline.Condition({{CSharp.Literal(form.Or("prompt", ""))}});
        {{LastPart(form)}}
        using NoiseState noise = exact.Invert(picture, shown);
        Tensor back = exact.Sample(noise, shown), edited = exact.Sample(noise, wanted);
        Console.WriteLine($"round trip: {((back - picture).abs().max() / picture.abs().max()).item<float>()}");
        Write("edit", pipeline.Decode(edited));

        """ + CSharp.ReadPicture + CSharp.WritePictures;

    private static string EditByFace(FormValues form) => CSharp.Begin("Costate.Faces.Models", "SkiaSharp") + $"""
        using FaceModel faces = FaceModel.Embedded();
        Solver solver = {SolverChoice.CodeOf(form.Or("solver", ""), "Solver.Rex(ButcherTableau.Rk4)")};
        Sampler exact = faces.Model.Sampler(solver, {form.Or("steps", "20")});
        Tensor face = Read({CSharp.Literal(form.Values["SAMPLE"])}, faces.Side, faces.Side);
        Tensor own = faces.Model.Encode!(face);
        Tensor other = faces.Model.Encode!(Read({CSharp.Literal(form.Values["condition-from"])}, faces.Side, faces.Side));
        {LastPart(form)}
        using NoiseState noise = exact.Invert(face, own);
        Write("edit", exact.Sample(noise, other));

        """ + CSharp.ReadPicture + CSharp.WritePictures;

    // The last steps of the same grid, as many as the strength says.
    private static string LastPart(FormValues form) => form.Or("strength", "1") == "1"
        ? "// All the way to noise and back."
        : $"""
        int left = exact.Grid.Steps - Math.Max(1, (int)Math.Ceiling({form.Values["strength"]}m * exact.Grid.Steps));
        TimeGrid last = TimeGrid.FromTimes([.. exact.Grid.Times.Skip(left)], [.. exact.Grid.NetworkTimes.Skip(left)]);
        exact = new Sampler(exact.Denoiser, exact.Schedule, exact.Solver, last);
        """;

    private static string SamplerArguments(FormValues form) => string.Join(
        ", ",
        ((string?[])[
            $"steps: {form.Or("steps", "20")}",
            form.Has("guidance-scale") ? $"guidanceScale: {form.Values["guidance-scale"]}" : form.Model is null ? "guidanceScale: 3" : null,
            form.Has("negative") ? $"negative: {CSharp.Literal(form.Values["negative"])}" : null,
            $"solver: {SolverChoice.CodeOf(form.Or("solver", ""), "null")}",
        ]).OfType<string>());

    private static bool IsStochastic(FormValues form) => form.Or("solver", "") is "ddpm" or "sde-dpm++2m";

    private static string Path(FormValues form) =>
        $"BrownianPath? noise = {(IsStochastic(form) ? $"BrownianPath.PerStep({form.Or("seed", "0")})" : "null")};";

    private static string Method(string name) => name switch
    {
        "discrete" => "GradientMethod.Discrete()",
        "revolve:8" => "GradientMethod.Discrete(Checkpointing.Revolve(8))",
        _ => "GradientMethod.AdjointDeis(order: 2)",
    };

    private static string Loss(FormValues form) => form.Or("by", "") switch
    {
        "mean-square" => "Func<Tensor, Tensor> loss = x => x.square().mean([1, 2, 3]);",
        "sum" => "Func<Tensor, Tensor> loss = x => x.sum([1, 2, 3]);",
        _ => $"""
            using var script = jit.load<Tensor, Tensor>({CSharp.Literal(form.Or("loss", ""))});
            Func<Tensor, Tensor> loss = x => script.call(x);
            """,
    };
}
