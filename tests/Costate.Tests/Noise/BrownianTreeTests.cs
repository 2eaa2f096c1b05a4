using System.Runtime.Intrinsics;

namespace Costate.Tests;

/// <summary>The tree itself: its laws, and how its parts join.</summary>
public sealed class BrownianTreeTests
{
    private const double Finest = 1e-6;

    // Stretches [a, b, c]: within an octave, over its edges, over many octaves, from 0, a few leaves long, and all in one of the lowest
    // cells.
    private static readonly double[][] Stretches =
    [
        [1.0, 1.5, 2.0],
        [1.1, 1.2345, 1.9],
        [3.7, 4.0, 4.2],
        [4e-5, 0.3, 1e4],
        [0, 1e-3, 0.7],
        [5.000001, 5.00002, 5.00005],
        [1e-26, 3e-26, 4e-26],
    ];

    [Fact]
    public void Laws_AreThoseOfBrownianMotion()
    {
        // Bonferroni: all of them together fail once in a hundred seeds.
        Dictionary<string, double> laws = Laws(new BrownianTree(Stream, Finest));
        Assert.Equal(Stretches.Length * 18, laws.Count);
        Assert.All(laws, law => Assert.True(law.Value > 0.01 / laws.Count, $"{law.Key}: p = {law.Value:E2}"));
    }

    [Fact]
    public void Laws_OfAWrongBridge_AreFoundOut()
    {
        // The variance of the midpoint given W and H is h/16, not h/12.
        Dictionary<string, double> laws = Laws(new BrownianTree(Stream, Finest, BrownianBridge.Half with { Spread = Math.Sqrt(1.0 / 12) }));
        Assert.True(laws["W left given W, H [1, 1.5, 2]"] < 1e-9);
        Assert.Contains(laws, law => law.Value < 0.01 / laws.Count);
    }

    [Fact]
    public void Laws_OfIndependentAreas_AreFoundOut()
    {
        // Increments are right without H; only the law given H tells.
        var tree = new BrownianTree(Stream, Finest);
        double[] residuals = [.. Enumerable.Range(0, 4000).Select(i => (tree.Between(1, 1.5, 1, 0, (uint)i).W[0]
            - (tree.Between(1, 2, 1, 0, (uint)i).W[0] / 2) - (1.5 * tree.Between(1, 2, 1, 0, (uint)i + 5000).H[0])) * 4)];
        Assert.True(KolmogorovSmirnov.NormalPValue(residuals) < 1e-9);
    }

    [Fact]
    public void ShortestStep_HasItsLaw()
    {
        // As short as is allowed, wherever it falls among the leaves.
        var tree = new BrownianTree(Stream, 1e-3);
        double length = 2 * Math.ScaleB(1, -10);
        double[] values =
        [
            .. Enumerable
                .Range(0, 4000)
                .Select(i => 1 + (i / 4001.0))
                .Select((from, i) => tree.Between(from, from + length, 1, 0, (uint)i).W[0] / Math.Sqrt(length)),
        ];
        Assert.True(KolmogorovSmirnov.NormalPValue(values) > 0.01);
    }

    [Fact]
    public void Join_OfAnySplit_IsTheWhole()
    {
        var random = new Random(7);
        var tree = new BrownianTree(Stream, Finest);
        for (int i = 0; i < 3000; i++)
        {
            // Points spread over twelve decades, or close together.
            double lowest = Math.Pow(10, random.NextDouble() * 12 - 6);
            double spread = Math.Pow(10, -4 * random.NextDouble());
            double[] points =
            [
                .. Enumerable
                    .Range(0, 3)
                    .Select(_ => i % 2 == 0 ? lowest * (1 + (spread * random.NextDouble())) : Math.Pow(10, random.NextDouble() * 12 - 6))
                    .Order(),
            ];
            if (points[1] - points[0] < Finest * points[1] || points[2] - points[1] < Finest * points[2])
            {
                continue;
            }

            AssertJoined(
                tree.Between(points[0], points[2], 5, 0, 3),
                tree.Between(points[0], points[1], 5, 0, 3),
                tree.Between(points[1], points[2], 5, 0, 3),
                Math.Sqrt(points[2]));
        }
    }

    [Fact]
    public void Bridge_FulfilsChensRelation_AtAnyRatio()
    {
        var whole = new BrownianIncrement(3, Vector256.Create(0.7), Vector256.Create(-0.4));
        foreach (double ratio in new[] { 1e-12, 1e-3, 0.25, 0.5, 0.7, 1 - 1e-9 })
        {
            (BrownianIncrement left, BrownianIncrement right) = new BrownianBridge(ratio).Split(whole, (Vector256.Create(1.3), Vector256.Create(-0.2)));
            AssertJoined(whole, left, right, 1);
        }
    }

    [Fact]
    public void Bridge_AtTheMidpoint_IsThePublishedOne()
    {
        // z ~ N(0, h/16), n ~ N(0, h/12).
        const double Length = 2;
        (double z, double n) = (0.3, -0.8);
        var whole = new BrownianIncrement(Length, Vector256.Create(0.7), Vector256.Create(-0.4));
        (BrownianIncrement left, BrownianIncrement right) = BrownianBridge.Half.Split(
            whole,
            (Vector256.Create(z / Math.Sqrt(Length / 16)), Vector256.Create(n / Math.Sqrt(Length / 12))));
        Assert.Equal((0.7 / 2) + (1.5 * -0.4) + z, left.W[3], 14);
        Assert.Equal(0.7 - left.W[3], right.W[3], 14);
        Assert.Equal((-0.4 / 4) - (z / 2) + (n / 2), left.H[3], 14);
        Assert.Equal((-0.4 / 4) - (z / 2) - (n / 2), right.H[3], 14);
    }

    [Fact]
    public void Reversed_TurnsWAndKeepsH()
    {
        var tree = new BrownianTree(Stream, Finest);
        BrownianIncrement rising = tree.Between(0.3, 7, 1, 0, 0);
        BrownianIncrement falling = tree.Between(7, 0.3, 1, 0, 0);
        Assert.Equal((-rising.W, rising.H), (falling.W, falling.H));

        // Chen's relation holds with lengths, increments and order all turned.
        (BrownianIncrement low, BrownianIncrement high) = (tree.Between(2, 0.3, 1, 0, 0), tree.Between(7, 2, 1, 0, 0));
        AssertJoined(falling, high, low, 3);
    }

    [Fact]
    public void FinerResolution_RefinesTheSamePath()
    {
        var coarse = new BrownianTree(Stream, 1e-3);
        var fine = new BrownianTree(Stream, 1e-9);
        Assert.Equal(coarse.Between(0.25, 6.5, 1, 0, 0), fine.Between(0.25, 6.5, 1, 0, 0));

        // Between the nodes they differ by what moves within a leaf of 2^-10.
        double[] differences =
        [
            .. Enumerable.Range(0, 2000).Select(i => coarse.Between(1, 1.2345, 1, 0, (uint)i).W[0] - fine.Between(1, 1.2345, 1, 0, (uint)i).W[0]),
        ];
        Assert.InRange(Math.Sqrt(differences.Average(d => d * d)), 1e-4, Math.Sqrt(1.0 / 1024));
    }

    [Fact]
    public void PointsThatDifferByRounding_SeePathsThatDo()
    {
        var tree = new BrownianTree(Stream, Finest);
        for (int i = 1; i < 1000; i++)
        {
            double point = 1 + (i / 1000.3);
            double moved = tree.Between(0.5, Math.BitIncrement(point), 2, 0, 0).W[0] - tree.Between(0.5, point, 2, 0, 0).W[0];
            Assert.InRange(Math.Abs(moved), 0, 1e-10);
        }
    }

    private static readonly NoiseSeeds Stream = 11;

    private readonly record struct Element(double W, double H)
    {
        internal static Element Of(BrownianIncrement four) => new(four.W[0], four.H[0]);
    }

    internal static void AssertJoined(BrownianIncrement whole, BrownianIncrement first, BrownianIncrement second, double scale)
    {
        BrownianIncrement joined = BrownianIncrement.Join(first, second);
        Assert.Equal(whole.Length, joined.Length, 1e-12 * whole.Length);
        for (int lane = 0; lane < Philox.Lanes; lane++)
        {
            Assert.Equal(whole.W[lane], joined.W[lane], 1e-12 * scale);
            Assert.Equal(whole.H[lane], joined.H[lane], 1e-12 * scale);
        }
    }

    // Everything here is standard normal. Sums of two independent ones over sqrt(2) are so only if they are uncorrelated.
    private static Dictionary<string, double> Laws(BrownianTree tree)
    {
        const int Count = 12_000;
        Dictionary<string, double> laws = [];
        foreach (double[] p in Stretches)
        {
            string name = FormattableString.Invariant($"[{p[0]}, {p[1]}, {p[2]}]");
            var items = Enumerable.Range(0, Count).Select(i => (
                Left: Element.Of(tree.Between(p[0], p[1], 1, 0, (uint)i)),
                Right: Element.Of(tree.Between(p[1], p[2], 1, 0, (uint)i)),
                Whole: Element.Of(tree.Between(p[0], p[2], 1, 0, (uint)i)))).ToArray();
            double r = (p[1] - p[0]) / (p[2] - p[0]);
            double q = 1 - r;
            double h = p[2] - p[0];
            double spread = Math.Sqrt(h * r * q * ((r * r * r) + (q * q * q)));

            // Var H_l = r h/12 less what W and H of the whole explain of it: r^2 H.
            double areaSpread = Math.Sqrt((r * h / 12) - (Math.Pow(r, 4) * h / 12));
            Func<(Element Left, Element Right, Element Whole), double> whole = i => i.Whole.W / Math.Sqrt(h);
            Func<(Element Left, Element Right, Element Whole), double> area = i =>
                i.Whole.H * Math.Sqrt(12 / h);
            Func<(Element Left, Element Right, Element Whole), double> left = i =>
                i.Left.W / Math.Sqrt(r * h);
            Func<(Element Left, Element Right, Element Whole), double> right = i =>
                i.Right.W / Math.Sqrt(q * h);
            Func<(Element Left, Element Right, Element Whole), double> leftArea = i =>
                i.Left.H * Math.Sqrt(12 / (r * h));
            Func<(Element Left, Element Right, Element Whole), double> rightArea = i =>
                i.Right.H * Math.Sqrt(12 / (q * h));
            Func<(Element Left, Element Right, Element Whole), double> given = i =>
                (i.Left.W - (r * i.Whole.W) - (6 * r * q * i.Whole.H)) / spread;
            Func<(Element Left, Element Right, Element Whole), double> areaGiven = i =>
                (i.Left.H - (r * r * i.Whole.H)) / areaSpread;
            Law("W", whole);
            Law("H", area);
            Law("W and H", Both(whole, area));
            Law("W less H", Both(whole, i => -area(i)));
            Law("W left", left);
            Law("W right", right);
            Law("H left", leftArea);
            Law("H right", rightArea);
            Law("W left and right", Both(left, right));
            Law("W left less right", Both(left, i => -right(i)));
            Law("H left and right", Both(leftArea, rightArea));
            Law("W left and its H", Both(left, leftArea));
            Law("W left and H right", Both(left, rightArea));
            Law("H left and W right", Both(leftArea, right));
            Law("W left given W, H", given);
            Law("W left given W, H, and W", Both(given, whole));
            Law("W left given W, H, and H", Both(given, area));
            Law("H left given W, H", areaGiven);

            void Law(string law, Func<(Element Left, Element Right, Element Whole), double> value) =>
                laws[$"{law} {name}"] = KolmogorovSmirnov.NormalPValue([.. items.Select(value)]);
        }

        return laws;

        static Func<T, double> Both<T>(Func<T, double> a, Func<T, double> b) => i => (a(i) + b(i)) / Math.Sqrt(2);
    }
}
