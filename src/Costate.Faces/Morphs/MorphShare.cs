namespace Costate.Faces.Morphs;

/// <summary>How much of a morph is done, by the time that its parts take.</summary>
internal sealed class MorphShare(MorphSettings settings)
{
    // Of an evaluation of one picture: encoding has two, and a gradient another evaluation with a graph and a product.
    private const double EncodingWeight = 2;
    private const double GradientWeight = 4;

    private readonly double encoding = EncodingWeight * (settings.EncodingSteps ?? settings.Steps);

    private double Total => encoding + (settings.Steps * ((GradientWeight * settings.Optimisation.Iterations) + 1));

    internal double Encoded(StepProgress step) => encoding * step.Done / step.Total / Total;

    internal double Optimised(int iteration) => Math.Min(1, (encoding + (GradientWeight * settings.Steps * (iteration + 1))) / Total);
}
