using ScottPlot;
using SkiaSharp;

namespace Costate.Experiments.Plots;

/// <summary>The font of the plots, which is part of this program: they look alike everywhere, on machines without fonts too.</summary>
internal sealed class PlotFont : IFontResolver
{
    internal const string Family = "Costate plots";

    private const string Resource = "Costate.Experiments.Fonts.DejaVuSans.ttf";

    private static readonly Lazy<SKData> Data = new(Load);

    private PlotFont()
    {
    }

    /// <summary>Makes the font known to the plotting library.</summary>
    internal static void Register()
    {
        if (!Fonts.FontResolvers.OfType<PlotFont>().Any())
        {
            Fonts.FontResolvers.Add(new PlotFont());
        }
    }

    /// <summary>The font for pictures that are no plots. Dispose it.</summary>
    internal static SKTypeface Typeface() => SKTypeface.FromData(Data.Value);

    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName == Family ? SKTypeface.FromData(Data.Value) : null;

    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) =>
        fontName == Family ? SKTypeface.FromData(Data.Value) : null;

    private static SKData Load()
    {
        using Stream stream = typeof(PlotFont).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The program was built without its font {Resource}.");
        return SKData.Create(stream);
    }
}
