namespace Costate.Tests;

public sealed class ButcherTableauTests
{
    public static TheoryData<string> Names => [.. ButcherTableau.All.Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void OrderConditions_Hold(string name)
    {
        ButcherTableau tableau = Named(name);

        // The rooted trees up to order 5 (Hairer, Norsett and Wanner 1993, table II.2.2).
        Assert.All(
            Conditions(tableau, tableau.Weights).Where(c => c.Order <= tableau.Order),
            c => Assert.Equal(c.Expected, c.Actual, 1e-13));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void OrderConditions_OfTheNextOrder_DoNotAllHold(string name)
    {
        // The negative control: the conditions can fail, and an order is not understated.
        ButcherTableau tableau = Named(name);
        if (tableau.Order < 5)
        {
            Assert.Contains(
                Conditions(tableau, tableau.Weights),
                c => c.Order == tableau.Order + 1 && Math.Abs(c.Actual - c.Expected) > 1e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ErrorWeights_AreThoseOfAnEmbeddedScheme(string name)
    {
        ButcherTableau tableau = Named(name);
        if (tableau.ErrorWeights is null)
        {
            return;
        }

        Assert.Equal(0, tableau.ErrorWeights.Sum(), 1e-14);
        double[] embedded = [.. tableau.Weights.Zip(tableau.ErrorWeights, (b, e) => b - e)];
        int order = name == "fehlberg45" ? 5 : tableau.Order - 1;
        Assert.All(Conditions(tableau, embedded).Where(c => c.Order <= order), c => Assert.Equal(c.Expected, c.Actual, 1e-13));
        Assert.True(order == 5 || Conditions(tableau, embedded).Any(c => c.Order == order + 1 && Math.Abs(c.Actual - c.Expected) > 1e-6));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Nodes_AreRowSums(string name)
    {
        ButcherTableau tableau = Named(name);
        for (int i = 0; i < tableau.Stages; i++)
        {
            Assert.Equal(tableau.Row(i).Sum(), tableau.Nodes[i], 1e-15);
        }

        double[] expected = name switch
        {
            "dopri5" => [0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1],
            "tsit5" => [0, 0.161, 0.327, 0.9, 0.9800255409045097, 1, 1],
            "fehlberg45" => [0, 1.0 / 4, 3.0 / 8, 12.0 / 13, 1, 1.0 / 2],
            "bogacki-shampine" => [0, 1.0 / 2, 3.0 / 4, 1],
            _ => [.. tableau.Nodes],
        };
        Assert.All(expected.Zip(tableau.Nodes), pair => Assert.Equal(pair.First, pair.Second, 1e-14));
    }

    [Fact]
    public void Constructor_RefusesWhatIsNoTableau()
    {
        Assert.Throws<ArgumentException>(() => new ButcherTableau("x", 1, [[]], [0.5, 0.5]));
        Assert.Throws<ArgumentException>(() => new ButcherTableau("x", 1, [[], []], [0.5, 0.5]));
        Assert.Contains(
            "sum",
            Assert
                .Throws<ArgumentException>(() =>
                    new ButcherTableau(
                        "x",
                        1,
                        [
                            [],
                        ],
                        [0.9]))
                .Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "error",
            Assert
                .Throws<ArgumentException>(() =>
                    new ButcherTableau(
                        "x",
                        1,
                        [
                            [],
                            [1],
                        ],
                        [0.5, 0.5],
                        [0.5, 0]))
                .Message,
            StringComparison.Ordinal);
    }

    internal static ButcherTableau Named(string name) => ButcherTableau.All.Single(t => t.Name == name);

    private static IEnumerable<(int Order, double Expected, double Actual)> Conditions(ButcherTableau tableau, IReadOnlyList<double> b)
    {
        double[] c = [.. tableau.Nodes];
        double[] Times(double[] v) => [.. Enumerable.Range(0, c.Length).Select(i => tableau.Row(i).Select((a, j) => a * v[j]).Sum())];
        double[] Power(int p) => [.. c.Select(x => Math.Pow(x, p))];
        double[] Product(double[] u, double[] v) => [.. u.Zip(v, (x, y) => x * y)];
        double Sum(double[] v) => b.Zip(v, (x, y) => x * y).Sum();
        double[] ac = Times(c);
        double[] ac2 = Times(Power(2));
        double[] aac = Times(ac);
        yield return (1, 1, Sum(Power(0)));
        yield return (2, 1.0 / 2, Sum(c));
        yield return (3, 1.0 / 3, Sum(Power(2)));
        yield return (3, 1.0 / 6, Sum(ac));
        yield return (4, 1.0 / 4, Sum(Power(3)));
        yield return (4, 1.0 / 8, Sum(Product(c, ac)));
        yield return (4, 1.0 / 12, Sum(ac2));
        yield return (4, 1.0 / 24, Sum(aac));
        yield return (5, 1.0 / 5, Sum(Power(4)));
        yield return (5, 1.0 / 10, Sum(Product(Power(2), ac)));
        yield return (5, 1.0 / 15, Sum(Product(c, ac2)));
        yield return (5, 1.0 / 30, Sum(Product(c, aac)));
        yield return (5, 1.0 / 20, Sum(Product(ac, ac)));
        yield return (5, 1.0 / 20, Sum(Times(Power(3))));
        yield return (5, 1.0 / 40, Sum(Times(Product(c, ac))));
        yield return (5, 1.0 / 60, Sum(Times(ac2)));
        yield return (5, 1.0 / 120, Sum(Times(aac)));
    }
}
