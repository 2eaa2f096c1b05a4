namespace Costate.Networks;

/// <summary>
/// What SDXL is told of a picture beside its text: the sizes of the pictures that it learnt from, which it imitates (Podell et al. 2023,
/// section 2.2). Its refiner is told how beautiful they were in place of the size that the picture is to have.
/// </summary>
/// <param name="Original">Height and width of the picture before it was scaled, in pixels; small ones make a blurred picture.</param>
/// <param name="Target">Height and width that it is to have.</param>
/// <param name="Crop">How many pixels were cut off at its top and at its left; 0 and 0 for a subject in the middle.</param>
public sealed record PictureSizes((int Height, int Width) Original, (int Height, int Width) Target, (int Top, int Left) Crop = default)
{
    /// <summary>How beautiful the picture is to be, as a judge of beauty gives points from 1 to 10; of the refiner alone. The default value
    /// is null: 6.</summary>
    public double? AestheticScore { get; init; }

    internal long[] Ids => [Original.Height, Original.Width, Crop.Top, Crop.Left, Target.Height, Target.Width];

    internal static PictureSizes Of(long height, long width) =>
        new(((int)height, (int)width), ((int)height, (int)width));

    internal void Check(bool isToldScore)
    {
        if (Original is not ( > 0, > 0) || Target is not ( > 0, > 0) || Crop is not ( >= 0, >= 0))
        {
            throw new InputException("sizes", $"{Original}, {Target} and {Crop}", "positive sizes, and a crop of no less than 0");
        }

        if (AestheticScore is { } score && !(isToldScore && double.IsFinite(score)))
        {
            throw new InputException(
                "sizes",
                $"the aesthetic score {score}",
                isToldScore ? "a finite one" : "none",
                isToldScore ? "" : "The network is not told one; SDXL's refiner is.");
        }
    }
}
