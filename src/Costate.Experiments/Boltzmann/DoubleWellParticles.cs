namespace Costate.Experiments.Boltzmann;

/// <summary>
/// DW4: four particles in the plane, each pair of which has two distances that it likes, 0.9 (r - 4)^4 - 4 (r - 4)^2 (Koehler et al. 2020).
/// </summary>
internal sealed class DoubleWellParticles : BoltzmannSystem
{
    internal override string Name => "dw4";

    internal override string Label => "DW4";

    internal override int Particles => 4;

    internal override int Dimension => 2;

    internal override double MetropolisStep => 0.5;

    internal override MetropolisChains Chains => new(2000, 4000, 500, 10);

    internal override FlowTraining Training => new() { Steps = 5000, Batch = 256, Width = 64 };

    /// <summary>By placing particles around the first and reweighting, apart from any flow and chain; to 0.004.</summary>
    internal override double? LogZ => 29.668;

    internal override double Energy(ReadOnlySpan<double> x)
    {
        double energy = 0;
        for (int i = 0; i < Particles; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double square = Math.Pow(Math.Sqrt(SquaredDistance(x, i, j)) - 4, 2);
                energy += ((0.9 * square) - 4) * square;
            }
        }

        return energy;
    }

    internal override void Begin(Span<double> x, Func<double> normal)
    {
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = 2 * normal();
        }
    }
}
