namespace Costate.Studio.Forms;

/// <summary>C# for morphs.</summary>
internal static class MorphCodeText
{
    internal static string Of(FormValues form) => CSharp.Begin("Costate.Faces.Models", "Costate.Faces.Morphs", "SkiaSharp") + $$"""
        using FaceModel faces = FaceModel.Embedded();
        Sampler SamplerOf(int steps) =>
            new(faces.Model.Denoiser, faces.Model.Schedule, Solver.DpmSolverPlusPlus(2), faces.Model.Grid(steps));

        Sampler sampler = SamplerOf({{form.Or("steps", "20")}}), encoder = SamplerOf({{form.Or("encode-steps", "50")}});
        var morphing = new Morphing(sampler, faces.Attack.Embed, encoder);
        Tensor a = Read({{CSharp.Literal(form.Values["A"])}}, faces.Side, faces.Side);
        Tensor b = Read({{CSharp.Literal(form.Values["B"])}}, faces.Side, faces.Side);
        MorphingEnds ends = morphing.Encode(a, b, faces.Model.Encode!, {{form.Or("seed", "0")}});
        OptimisedLatent morph = morphing.Run(ends, new LatentOptimisationOptions
        {
            Iterations = {{form.Or("iterations", "50")}},
            Optimiser = {{Optimiser(form.Or("optimiser", "adam"))}},
            Targets = {{Targets(form.Or("optimise", "both"))}},
            StartNoiseRate = {{Number(Costate.Faces.Morphs.MorphSettings.DefaultRate)}},
            ConditionRate = {{Number(Costate.Faces.Morphs.MorphSettings.DefaultCodeRate)}},
        });
        Write("morph", morph.Sample);

        """ + CSharp.ReadPicture + CSharp.WritePictures;

    private static string Number(double value) => FormattableString.Invariant($"{value}");

    private static string Optimiser(string name) => name switch
    {
        "adam" => "LatentOptimiser.Adam()",
        "descent" => "LatentOptimiser.GradientDescent()",
        _ => "LatentOptimiser.LimitedMemoryBfgs()",
    };

    /// <summary>What is optimised, in C#.</summary>
    internal static string Targets(string name) => name switch
    {
        "noise" => "OptimisationTargets.StartNoise",
        "code" => "OptimisationTargets.Condition",
        _ => "OptimisationTargets.StartNoise | OptimisationTargets.Condition",
    };
}
