using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Tests;

/// <summary>Functions of A A' against those of the matrix that the operator is.</summary>
public sealed class NormalEquationTests
{
    private static readonly Dictionary<string, Func<LinearOperator>> All = new()
    {
        ["identity"] = LinearOperator.Identity,
        ["box"] = () => LinearOperator.BoxInpainting(1, 2, 3, 4),
        ["random"] = () => LinearOperator.RandomInpainting(0.5, 4),
        ["mask"] = () => LinearOperator.Masked(StartNoise.Draw([2, 8, 8], 9, ScalarType.Float64)),
        ["pooling"] = () => LinearOperator.AveragePooling(2),
        ["bicubic"] = () => LinearOperator.BicubicReduction(2),
        ["gaussian"] = () => LinearOperator.GaussianBlur(1, 5),
        ["motion"] = () => LinearOperator.MotionBlur(5, 0.5, 2),
        ["periodic"] = () => LinearOperator.MotionBlur(5, 0.5, 2, periodic: true),
        ["kernel"] = () => LinearOperator.PeriodicConvolution(StartNoise.Draw([3, 11], 4, ScalarType.Float64)),
        ["own"] = () => LinearOperator.FromFunctions(x => x.cumsum(3), y => y.flip(3).cumsum(3).flip(3)),
    };

    public static TheoryData<string> Names => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void SolveNormal_SolvesIt(string name)
    {
        using var scope = NewDisposeScope();
        LinearOperator a = All[name]();
        Tensor y = a.Apply(StartNoise.Draw([3, 2, 8, 8], 1, ScalarType.Float64)) + 0.1;
        Tensor u = a.SolveNormal(y, 1.7, 0.05);
        Near.Equal(y, (1.7 * a.Apply(a.Transpose(u))) + (0.05 * u), 1e-10);

        // Item by item, and in 32 bits.
        Near.Equal(u.narrow(0, 1, 1), a.SolveNormal(y.narrow(0, 1, 1), 1.7, 0.05), 1e-9);
        Near.Equal(u.to(ScalarType.Float32), a.SolveNormal(y.to(ScalarType.Float32), 1.7, 0.05), 1e-3);
    }

    [Theory]
    [InlineData("box")]
    [InlineData("random")]
    [InlineData("pooling")]
    [InlineData("bicubic")]
    [InlineData("motion")]
    public void SolveNormal_WithoutNoise_IsThePseudoInverse(string name)
    {
        using var scope = NewDisposeScope();
        LinearOperator a = All[name]();
        Tensor x = StartNoise.Draw([2, 1, 8, 8], 1, ScalarType.Float64), y = a.Apply(x);

        // It agrees with what is seen, and has no part that is not.
        Tensor least = a.Transpose(a.SolveNormal(y, 1, 0));
        Near.Equal(y, a.Apply(least), 1e-6);
        Tensor unseen = x - least;
        Assert.InRange((least * unseen).sum().ToDouble() / x.square().sum().ToDouble(), -1e-6, 1e-6);
    }

    [Theory]
    [InlineData("box")]
    [InlineData("mask")]
    [InlineData("pooling")]
    [InlineData("gaussian")]
    public void LogDeterminant_IsThatOfTheObserved(string name)
    {
        using var scope = NewDisposeScope();
        LinearOperator a = All[name]();
        Tensor y = a.Apply(StartNoise.Draw([1, 2, 8, 8], 1, ScalarType.Float64));
        Tensor units = eye(y.numel(), dtype: ScalarType.Float64).reshape([y.numel(), .. y.shape[1..]]);
        Tensor normal = (0.7 * a.Apply(a.Transpose(units)).reshape(y.numel(), -1)) + (0.2 * eye(y.numel(), dtype: ScalarType.Float64));
        long hidden = a.Observed(y).logical_not().sum().ToInt64();
        double expected = linalg.slogdet(normal).Item2.ToDouble() - (hidden * Math.Log(0.2));
        Assert.Equal(name == "box" ? 24 : 0, hidden);
        Assert.Equal(expected, a.LogDeterminantOfNormal(y, 0.7, 0.2)!.ToDouble(), 1e-9);
    }

    [Fact]
    public void Matrix_IsTheMatrix()
    {
        using var scope = NewDisposeScope();
        Tensor matrix = StartNoise.Draw([3, 5], 1, ScalarType.Float64), x = StartNoise.Draw([2, 5], 2, ScalarType.Float64);
        LinearOperator a = LinearOperator.FromMatrix(matrix);
        Near.Equal(x.mm(matrix.t()), a.Apply(x), 1e-15);
        Near.Equal(a.Apply(x).mm(matrix), a.Transpose(a.Apply(x)), 1e-15);
        Tensor inverse = linalg.inv(matrix.mm(matrix.t()).mul(2) + (0.3 * eye(3, dtype: ScalarType.Float64)));
        Near.Equal(a.Apply(x).mm(inverse), a.SolveNormal(a.Apply(x), 2, 0.3), 1e-10);
    }

    [Fact]
    public void BadInput_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        Tensor y = ones(1, 1, 8, 8, ScalarType.Float64);
        Refuses("one of them positive", () => LinearOperator.Identity().SolveNormal(y, 0, 0));
        Refuses("not negative", () => LinearOperator.Identity().SolveNormal(y, 1, -1));
        Refuses("[measurements, entries]", () => LinearOperator.FromMatrix(y));

        // What the operator cannot answer for.
        LinearOperator blind = LinearOperator.FromFunctions(x => x * 0, x => x * 0);
        Refuses("Give the measurement a noise level", () => blind.SolveNormal(y, 1, 0));
        Assert.Contains("[batch, 3]", Assert.Throws<ArgumentException>(() => LinearOperator.FromMatrix(ones(2, 3)).Apply(ones(1, 4))).Message);
    }

    private static void Refuses(string text, Action action) => Assert.Contains(text, Assert.Throws<InputException>(action).Message);
}
