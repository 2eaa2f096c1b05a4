namespace Costate.Experiments.Boltzmann;

/// <summary>Many short chains of Metropolis's method: what the study calls the truth.</summary>
/// <param name="Chains">How many, independent of each other.</param>
/// <param name="BurnIn">Steps at the system's temperature that are not looked at.</param>
/// <param name="Every">Steps between two looks.</param>
/// <param name="Looks">States taken of each chain.</param>
internal sealed record MetropolisChains(int Chains, int BurnIn, int Every, int Looks)
{
    // Inverse temperatures before the system's own.
    private static readonly double[] Cooling = [0.05, 0.1, 0.2, 0.4, 0.7];

    private const int StepsOfCooling = 1000;

    /// <summary>All states, those of the first look first, so that as many as there are chains are independent of each other.</summary>
    /// <param name="system">What moves.</param>
    /// <param name="seed">Of the random numbers.</param>
    /// <param name="progress">Told the fraction done.</param>
    /// <param name="cancellationToken">Looked at between chains.</param>
    internal ChainStates Run(BoltzmannSystem system, int seed, Action<double> progress, CancellationToken cancellationToken)
    {
        int numbers = system.Numbers;
        double[] states = new double[Looks * Chains * numbers], x = new double[numbers], proposed = new double[numbers];
        long accepted = 0;
        for (int chain = 0; chain < Chains; chain++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var random = new Random(HashCode(seed, chain));
            var normal = new NormalNumbers(random);
            system.Begin(x, normal.Next);
            double energy = system.Energy(x);
            foreach (double coldness in system.IsCooled ? Cooling : [])
            {
                Walk(StepsOfCooling, coldness);
            }

            Walk(BurnIn, 1);
            for (int look = 0; look < Looks; look++)
            {
                accepted += Walk(Every, 1);
                Centre(x, system);
                x.CopyTo(states, ((look * Chains) + chain) * numbers);
            }

            progress((chain + 1.0) / Chains);

            long Walk(int steps, double coldness)
            {
                long moves = 0;
                for (int step = 0; step < steps; step++)
                {
                    for (int i = 0; i < numbers; i++)
                    {
                        proposed[i] = x[i] + (system.MetropolisStep * normal.Next());
                    }

                    double change = system.Energy(proposed) - energy;
                    if (change <= 0 || random.NextDouble() < Math.Exp(-coldness * change))
                    {
                        (x, proposed) = (proposed, x);
                        energy += change;
                        moves++;
                    }
                }

                return moves;
            }
        }

        return new ChainStates(states, accepted / ((double)Chains * Looks * Every));
    }

    private static void Centre(double[] x, BoltzmannSystem system)
    {
        for (int axis = 0; axis < system.Dimension && system.Particles > 1; axis++)
        {
            double mean = Enumerable.Range(0, system.Particles).Average(particle => x[(particle * system.Dimension) + axis]);
            for (int i = axis; i < x.Length; i += system.Dimension)
            {
                x[i] -= mean;
            }
        }
    }

    // Chains of neighbouring seeds have nothing in common.
    private static int HashCode(int seed, int chain) => unchecked((int)((((uint)seed * 2654435769u) ^ ((uint)chain * 2246822519u)) >> 1));

    /// <summary>Standard normal numbers in pairs (Box and Muller).</summary>
    private sealed class NormalNumbers(Random random)
    {
        private double? other;

        internal double Next()
        {
            if (other is double kept)
            {
                other = null;
                return kept;
            }

            double radius = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble()));
            (double sine, double cosine) = Math.SinCos(2 * Math.PI * random.NextDouble());
            other = radius * sine;
            return radius * cosine;
        }
    }
}

/// <summary>States of chains.</summary>
/// <param name="Values">One state after the other.</param>
/// <param name="Acceptance">The share of proposals that were taken.</param>
internal sealed record ChainStates(double[] Values, double Acceptance);
