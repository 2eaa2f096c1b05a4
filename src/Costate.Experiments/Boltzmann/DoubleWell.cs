namespace Costate.Experiments.Boltzmann;

/// <summary>A particle in the plane with two wells of different depth: <c>4 (x^2 - 1)^2 + 2 y^2 + x/2</c>.</summary>
internal sealed class DoubleWell : BoltzmannSystem
{
    internal override string Name => "double-well";

    internal override string Label => "double well";

    internal override int Particles => 1;

    internal override int Dimension => 2;

    internal override double MetropolisStep => 1;

    internal override MetropolisChains Chains => new(2000, 500, 200, 6);

    internal override FlowTraining Training => new() { Steps = 4000, Batch = 256, Width = 64 };

    /// <summary>By quadrature: the trapezoidal rule, which converges faster than any power for what vanishes at both ends.</summary>
    internal override double? LogZ
    {
        get
        {
            const double Step = 0.01;
            double sum = Enumerable.Range(-400, 801).Sum(i => Math.Exp(-Energy([i * Step, 0])));
            return Math.Log(sum * Step * Math.Sqrt(Math.PI / 2));
        }
    }

    internal override double Energy(ReadOnlySpan<double> x)
    {
        double wall = (x[0] * x[0]) - 1;
        return (4 * wall * wall) + (2 * x[1] * x[1]) + (x[0] / 2);
    }

    internal override void Begin(Span<double> x, Func<double> normal) => (x[0], x[1]) = (normal(), normal());
}
