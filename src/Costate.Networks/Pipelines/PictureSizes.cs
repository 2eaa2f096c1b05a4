namespace Costate.Networks;

/// <summary>
/// What SDXL is told of a picture beside its text: the sizes of the pictures that it learnt from, which it imitates (Podell et al. 2023,
/// section 2.2).
/// </summary>
/// <param name="Original">Height and width of the picture before it was scaled, in pixels; small ones make a blurred picture.</param>
/// <param name="Target">Height and width that it is to have.</param>
/// <param name="Crop">How many pixels were cut off at its top and at its left; 0 and 0 for a subject in the middle.</param>
public sealed record PictureSizes((int Height, int Width) Original, (int Height, int Width) Target, (int Top, int Left) Crop = default)
{
    internal long[] Ids => [Original.Height, Original.Width, Crop.Top, Crop.Left, Target.Height, Target.Width];

    internal static PictureSizes Of(long height, long width) =>
        new(((int)height, (int)width), ((int)height, (int)width));

    internal void Check()
    {
        if (Original is not ( > 0, > 0) || Target is not ( > 0, > 0) || Crop is not ( >= 0, >= 0))
        {
            throw new InputException("sizes", $"{Original}, {Target} and {Crop}", "positive sizes, and a crop of no less than 0");
        }
    }
}
