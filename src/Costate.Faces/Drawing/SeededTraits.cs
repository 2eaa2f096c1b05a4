namespace Costate.Faces.Drawing;

/// <summary>The draws behind one seed, in order: SplitMix64 (Steele, Lea and Flood 2014), the same on every machine.</summary>
internal sealed class SeededTraits
{
    private ulong state;

    /// <summary>The draws of a seed within a family; those of other families and seeds are unrelated.</summary>
    internal SeededTraits(ulong family, ulong seed)
    {
        state = family;
        state = Next() ^ seed;
        state = Next();
    }

    /// <summary>Uniform between two values.</summary>
    internal float Between(double low, double high) => (float)(low + ((high - low) * Unit()));

    /// <summary>Bell-shaped between two values: the mean of three uniform draws.</summary>
    internal float Around(double low, double high) => (float)(low + ((high - low) * (Unit() + Unit() + Unit()) / 3));

    /// <summary>True with a probability.</summary>
    internal bool Chance(double probability) => Unit() < probability;

    /// <summary>One of a number of cases, each as likely as the others.</summary>
    internal int Case(int count) => (int)(Unit() * count);

    private double Unit() => (Next() >> 11) * (1.0 / (1ul << 53));

    private ulong Next()
    {
        ulong z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
