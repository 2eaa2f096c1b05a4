using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The random numbers of particles: those of a particle depend on the seed of its problem and on its number, not on how many there are or
/// on other problems.
/// </summary>
internal sealed class ParticleNoise
{
    // The last word of the counter parts this use of the generator from the others.
    private const uint Use = 0x70617274;

    private readonly NoiseSeeds problems;
    private readonly PerStepNoise rows;

    internal ParticleNoise(NoiseSeeds problems, int batch, int particles)
    {
        this.problems = problems;
        Rows = Seeds(problems, batch, particles);
        rows = new PerStepNoise(Rows);
    }

    /// <summary>The seed of each row.</summary>
    internal NoiseSeeds Rows { get; }

    /// <summary>A seed for each row.</summary>
    internal static NoiseSeeds Seeds(NoiseSeeds problems, int batch, int particles) => NoiseSeeds.OfItems(
        from problem in Enumerable.Range(0, batch)
        from particle in Enumerable.Range(0, particles)
        select Of(problems, problem, particle));

    internal Tensor Normal(int step, Tensor like) => rows.Draw(step, like.shape, like.dtype, like.device);

    internal double Uniform(int step, int problem)
    {
        (ulong seed, uint stream) = problems[problem];
        return ImportanceWeights.Uniform(seed, stream, (uint)step);
    }

    private static ulong Of(NoiseSeeds problems, int problem, int particle)
    {
        (ulong seed, uint stream) = problems[problem];
        (uint high, uint low, _, _) = Philox.Block((uint)particle, 0, stream, Use, seed);
        return ((ulong)high << 32) | low;
    }
}
