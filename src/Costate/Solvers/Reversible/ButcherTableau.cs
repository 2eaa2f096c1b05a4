namespace Costate;

/// <summary>
/// An explicit Runge-Kutta scheme: <c>k_i = f(s + c_i h, y + h sum_j a_ij k_j)</c>, <c>y' = y + h sum_i b_i k_i</c>; for additive noise
/// with weights on the Brownian increment W and its space-time Levy area H as well.
/// </summary>
/// <remarks>All coefficients are exact rationals rounded once to 64 bits. Immutable and safe to share between threads.</remarks>
public sealed class ButcherTableau
{
    private readonly double[][] a;
    private readonly double[] b;
    private readonly double[] c;

    /// <summary>A tableau of your own for ODEs.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="order">Its order of convergence.</param>
    /// <param name="a">The strictly lower triangle: row i has i entries, row 0 none. The nodes c are its row sums.</param>
    /// <param name="b">The weights; they sum to 1.</param>
    /// <param name="errorWeights">The weights of the embedded error estimate, <c>b</c> minus those of the other order; they sum to 0. Null
    /// if there is none.</param>
    /// <exception cref="ArgumentException">The sizes do not fit, or a sum is not what it must be.</exception>
    public ButcherTableau(string name, int order, double[][] a, double[] b, double[]? errorWeights = null)
        : this(name, order, a, b, errorWeights, null, null, null)
    {
    }

    private ButcherTableau(
        string name,
        int order,
        double[][] a,
        double[] b,
        double[]? errorWeights,
        double[]? stageNoise,
        double[]? stageArea,
        double? strongOrder)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.Length != b.Length || b.Length == 0 || a.Where((row, i) => row.Length != i).Any())
        {
            throw new ArgumentException(
                $"Got {a.Length} rows of {string.Join(", ", a.Select(row => row.Length))} entries for {b.Length} weights; "
                    + "row i of an explicit tableau has i entries, and there are as many rows as weights.",
                nameof(a));
        }

        CheckSum(b.Sum(), 1, "weights b");
        if (errorWeights is not null)
        {
            CheckSum(errorWeights.Length == b.Length ? errorWeights.Sum() : double.NaN, 0, "error weights");
        }

        this.a = [.. a.Select(row => (double[])row.Clone())];
        this.b = (double[])b.Clone();
        c = [.. a.Select(row => row.Sum())];
        (Name, Order, ErrorWeights, StageNoise, StageArea, StrongOrder) = (
            name,
            order,
            errorWeights?.ToArray(),
            stageNoise,
            stageArea,
            strongOrder);

        static void CheckSum(double sum, double expected, string what)
        {
            if (!(Math.Abs(sum - expected) <= 1e-12))
            {
                throw new ArgumentException($"The {what} sum to {sum:R}; they must sum to {expected}, one for each stage.");
            }
        }
    }

    /// <summary>Euler's method, order 1.</summary>
    public static ButcherTableau Euler { get; } = new("euler", 1, [[]], [1]);

    /// <summary>The explicit midpoint rule, order 2.</summary>
    public static ButcherTableau Midpoint { get; } = new("midpoint", 2, [[], [1.0 / 2]], [0, 1]);

    /// <summary>Heun's method (the explicit trapezoidal rule), order 2.</summary>
    public static ButcherTableau Heun { get; } = new("heun", 2, [[], [1]], [1.0 / 2, 1.0 / 2]);

    /// <summary>Ralston's method of order 2, with the least error bound (Ralston 1962).</summary>
    public static ButcherTableau Ralston { get; } = new("ralston", 2, [[], [2.0 / 3]], [1.0 / 4, 3.0 / 4]);

    /// <summary>Strong-stability-preserving method of order 3 (Shu and Osher 1988).</summary>
    public static ButcherTableau Ssprk3 { get; } = new("ssprk3", 3, [[], [1], [1.0 / 4, 1.0 / 4]], [1.0 / 6, 1.0 / 6, 2.0 / 3]);

    /// <summary>The classical method of order 4 (Kutta 1901).</summary>
    public static ButcherTableau Rk4 { get; } =
        new(
            "rk4",
            4,
            [
                [],
                [1.0 / 2],
                [0, 1.0 / 2],
                [0, 0, 1],
            ],
            [1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6]);

    /// <summary>The 3/8 rule of order 4 (Kutta 1901).</summary>
    public static ButcherTableau ThreeEighths { get; } =
        new(
            "rk38",
            4,
            [
                [],
                [1.0 / 3],
                [-1.0 / 3, 1],
                [1, -1, 1],
            ],
            [1.0 / 8, 3.0 / 8, 3.0 / 8, 1.0 / 8]);

    /// <summary>Bogacki and Shampine's pair of orders 3(2) (1989).</summary>
    public static ButcherTableau BogackiShampine { get; } = new(
        "bogacki-shampine",
        3,
        [[], [1.0 / 2], [0, 3.0 / 4], [2.0 / 9, 1.0 / 3, 4.0 / 9]],
        [2.0 / 9, 1.0 / 3, 4.0 / 9, 0],
        [(2.0 / 9) - (7.0 / 24), (1.0 / 3) - (1.0 / 4), (4.0 / 9) - (1.0 / 3), -1.0 / 8]);

    /// <summary>Dormand and Prince's pair of orders 5(4) (1980).</summary>
    public static ButcherTableau DormandPrince { get; } = new(
        "dopri5",
        5,
        [
            [],
            [1.0 / 5],
            [3.0 / 40, 9.0 / 40],
            [44.0 / 45, -56.0 / 15, 32.0 / 9],
            [19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729],
            [9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656],
            [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84],
        ],
        [35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84, 0],
        [71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40]);

    /// <summary>Tsitouras' pair of orders 5(4) (2011), whose coefficients are published as decimals.</summary>
    public static ButcherTableau Tsitouras { get; } = new(
        "tsit5",
        5,
        [
            [],
            [0.161],
            [-0.008480655492356989, 0.335480655492357],
            [2.8971530571054935, -6.359448489975075, 4.3622954328695815],
            [5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525],
            [5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401, -0.028269050394068383],
            [0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774],
        ],
        [0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081, 2.324710524099774, 0],
            [
                -0.00178001105222577714,
                -0.0008164344596567469,
                0.007880878010261995,
                -0.1447110071732629,
                0.5823571654525552,
                -0.45808210592918697,
                1.0 / 66,
            ]);

    /// <summary>Fehlberg's pair of orders 4(5): advanced with order 4, its error estimated with order 5 (1969).</summary>
    public static ButcherTableau Fehlberg { get; } = new(
        "fehlberg45",
        4,
        [
            [],
            [1.0 / 4],
            [3.0 / 32, 9.0 / 32],
            [1932.0 / 2197, -7200.0 / 2197, 7296.0 / 2197],
            [439.0 / 216, -8, 3680.0 / 513, -845.0 / 4104],
            [-8.0 / 27, 2, -3544.0 / 2565, 1859.0 / 4104, -11.0 / 40],
        ],
        [25.0 / 216, 0, 1408.0 / 2565, 2197.0 / 4104, -1.0 / 5, 0],
        [-1.0 / 360, 0, 128.0 / 4275, 2197.0 / 75240, -1.0 / 50, -2.0 / 55]);

    /// <summary>Euler and Maruyama's method for SDEs: strong order 1 for additive noise.</summary>
    public static ButcherTableau EulerMaruyama { get; } = new("euler-maruyama", 1, [[]], [1], null, [0], [0], 1);

    /// <summary>ShARK (Foster, dos Reis and Strange 2024) for SDEs with additive noise: strong order 1.5.</summary>
    public static ButcherTableau Shark { get; } = new("shark", 2, [[], [5.0 / 6]], [2.0 / 5, 3.0 / 5], null, [0, 5.0 / 6], [1, 1], 1.5);

    /// <summary>All tableaus of the library, those for ODEs first.</summary>
    public static IReadOnlyList<ButcherTableau> All { get; } =
    [Euler, Midpoint, Heun, Ralston, Ssprk3, Rk4, ThreeEighths, BogackiShampine, DormandPrince, Tsitouras, Fehlberg, EulerMaruyama, Shark];

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Order of convergence for ODEs (of the drift, for a scheme with noise).</summary>
    public int Order { get; }

    /// <summary>Strong order for SDEs with additive noise; null for a scheme without noise.</summary>
    public double? StrongOrder { get; }

    /// <summary>Number of stages.</summary>
    public int Stages => b.Length;

    /// <summary>Whether it is a scheme for SDEs.</summary>
    public bool IsStochastic => StrongOrder is not null;

    /// <summary>The weights b.</summary>
    public IReadOnlyList<double> Weights => b;

    /// <summary>The nodes c, the row sums of a.</summary>
    public IReadOnlyList<double> Nodes => c;

    /// <summary>The weights of the embedded error estimate, or null.</summary>
    public IReadOnlyList<double>? ErrorWeights { get; }

    /// <summary>
    /// Its name with a fingerprint of the numbers of a step: the name alone does not tell a tableau of one's own from another.
    /// </summary>
    internal string Identity =>
        $"{Name} {Fingerprint.Of([b.Length, .. a.SelectMany(row => row), .. b, .. StageNoise ?? [], .. StageArea ?? []])}";

    internal double[]? StageNoise { get; }

    internal double[]? StageArea { get; }

    /// <summary>The coefficients a of a stage, one for each stage before it.</summary>
    /// <param name="stage">Which, from 0.</param>
    public IReadOnlyList<double> Row(int stage) => a[stage];

    /// <inheritdoc/>
    public override string ToString() => Name;
}
