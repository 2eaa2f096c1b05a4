namespace Costate.Experiments.Boltzmann;

/// <summary>A physical system in units of its temperature: its states have the law <c>exp(-energy)</c>.</summary>
internal abstract class BoltzmannSystem
{
    /// <summary>All that the study samples, the smallest first.</summary>
    internal static IReadOnlyList<BoltzmannSystem> All { get; } =
        [new DoubleWell(), new DoubleWellParticles(), new LennardJonesParticles()];

    /// <summary>Its name in files.</summary>
    internal abstract string Name { get; }

    /// <summary>Its name for people.</summary>
    internal abstract string Label { get; }

    internal abstract int Particles { get; }

    /// <summary>Of the space that particles move in.</summary>
    internal abstract int Dimension { get; }

    /// <summary>Numbers of a state.</summary>
    internal int Numbers => Particles * Dimension;

    /// <summary>Where states live: the centre of mass of particles is free, and a density has a meaning only without it.</summary>
    internal Subspace? Subspace => Particles == 1 ? null : Subspace.MeanFree(Particles, Dimension);

    /// <summary>Dimensions of what states live in.</summary>
    internal int Freedom => Subspace?.Dimension ?? Numbers;

    /// <summary>The deviation of a number in Metropolis's proposal.</summary>
    internal abstract double MetropolisStep { get; }

    /// <summary>How its flow is trained.</summary>
    internal abstract FlowTraining Training { get; }

    /// <summary>What is taken for the truth.</summary>
    internal abstract MetropolisChains Chains { get; }

    /// <summary>Samples of its flow.</summary>
    internal virtual int Samples => 1000;

    /// <summary>How they are drawn.</summary>
    internal virtual IReadOnlyList<BoltzmannSampling> Samplings => BoltzmannSampling.All;

    /// <summary>Whether chains begin hot.</summary>
    internal virtual bool IsCooled => true;

    /// <summary>The logarithm of the integral of <c>exp(-energy)</c> over <see cref="Subspace"/>; null where it is not known.</summary>
    internal virtual double? LogZ => null;

    /// <summary>The energy of a state over the temperature.</summary>
    internal abstract double Energy(ReadOnlySpan<double> x);

    /// <summary>Where a chain begins.</summary>
    internal abstract void Begin(Span<double> x, Func<double> normal);

    /// <summary>The distances of all pairs of particles of a state; of one particle its first coordinate.</summary>
    internal IEnumerable<double> Distances(ReadOnlyMemory<double> x)
    {
        if (Particles == 1)
        {
            yield return x.Span[0];
        }

        for (int i = 0; i < Particles; i++)
        {
            for (int j = 0; j < i; j++)
            {
                yield return Math.Sqrt(SquaredDistance(x.Span, i, j));
            }
        }
    }

    private protected double SquaredDistance(ReadOnlySpan<double> x, int i, int j)
    {
        double sum = 0;
        for (int axis = 0; axis < Dimension; axis++)
        {
            double difference = x[(i * Dimension) + axis] - x[(j * Dimension) + axis];
            sum += difference * difference;
        }

        return sum;
    }
}
