namespace Costate.Experiments.Boltzmann;

/// <summary>
/// LJ13: thirteen particles in space, <c>2 sum_pairs (r^-12 - 2 r^-6)</c> and a spring to their centre,
/// <c>1/2 sum |x_i - mean|^2</c>. The factor 2 is that of the published data (Klein et al. 2023), whose code sums over ordered pairs.
/// </summary>
internal sealed class LennardJonesParticles : BoltzmannSystem
{
    private const double Factor = 2;

    internal override string Name => "lj13";

    internal override string Label => "LJ13";

    internal override int Particles => 13;

    internal override int Dimension => 3;

    internal override double MetropolisStep => 0.025;

    internal override MetropolisChains Chains => new(1000, 10000, 1000, 10);

    // From the arrangement of least energy a hot start would lead to glasses.
    internal override bool IsCooled => false;

    internal override int Samples => 100;

    internal override IReadOnlyList<BoltzmannSampling> Samplings => BoltzmannSampling.Few;

    internal override FlowTraining Training => new() { Steps = 3000, Batch = 64, Width = 32 };

    internal override double Energy(ReadOnlySpan<double> x)
    {
        // Of all pairs the squared distances sum to n times those from the centre.
        double energy = 0;
        for (int i = 0; i < Particles; i++)
        {
            for (int j = 0; j < i; j++)
            {
                double square = SquaredDistance(x, i, j), sixth = 1 / (square * square * square);
                energy += (Factor * sixth * (sixth - 2)) + (square / (2 * Particles));
            }
        }

        return energy;
    }

    /// <summary>An icosahedron around a particle, the arrangement of least energy.</summary>
    internal override void Begin(Span<double> x, Func<double> normal)
    {
        double golden = (1 + Math.Sqrt(5)) / 2, radius = Math.Sqrt(1 + (golden * golden));
        for (int corner = 0; corner < 12; corner++)
        {
            (double one, double other) = ((corner & 1) == 0 ? 1 : -1, (corner & 2) == 0 ? golden : -golden);
            int first = corner / 4;
            x[(corner * Dimension) + first] = one / radius;
            x[(corner * Dimension) + ((first + 1) % Dimension)] = other / radius;
            x[(corner * Dimension) + ((first + 2) % Dimension)] = 0;
        }

        x[^Dimension..].Clear();
    }
}
