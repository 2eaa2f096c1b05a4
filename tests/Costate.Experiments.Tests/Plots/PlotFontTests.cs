using Costate.Experiments.Gradients;
using Costate.Experiments.Plots;
using Costate.Experiments.Reversibility;
using SkiaSharp;

namespace Costate.Experiments.Tests.Plots;

public sealed class PlotFontTests
{
    [Fact]
    public void Font_HasEveryCharacterOfThePlots()
    {
        PlotFont.Register();
        SKTypeface face = ScottPlot.Fonts.GetTypeface(PlotFont.Family, false, false);
        string reversibility = string.Concat(
            RexCurve.Gradients.Concat(RexCurve.Orders).Select(c => c.Label).Concat(InversionMethod.All.Select(m => m.Label)));
        string text =
            reversibility
            + string.Concat(GradientCurve.All.Select(c => c.Label))
            + "0123456789⁰¹²³⁴⁵⁶⁷⁸⁹⁻ relative error of dL/dx_T, stored states (bytes)";
        Assert.True(face.ContainsGlyphs(text));

        // The default typeface stands in for a font that could not be read, and has other glyphs.
        Assert.Equal(201, face.GlyphCount);
    }
}
