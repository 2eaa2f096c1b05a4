namespace Costate;

/// <summary>The potentials of Feynman-Kac steering along lineages (Singhal et al. 2025, section 3): numbers alone.</summary>
/// <remarks>
/// Public code takes the largest reward, or the sum, in the last step too; the paper's has the reward of the sample less what the lineage
/// was weighted by before, so that the product is <c>exp(strength r)</c>.
/// </remarks>
/// <param name="strength">lambda.</param>
/// <param name="potential">Which.</param>
/// <param name="steps">How often particles are weighed.</param>
internal sealed class LineagePotential(double strength, RewardPotential potential, int steps)
{
    // Of each particle's lineage: the last reward, largest or sum (each 0 before the first), and the logarithms of its potentials summed.
    private double[] summary = [];
    private double[] total = [];
    private int done;

    internal void Begin(int count)
    {
        (summary, total) = (new double[count], new double[count]);
    }

    internal void Select(IReadOnlyList<long> ancestors)
    {
        summary = [.. ancestors.Select(ancestor => summary[ancestor])];
        total = [.. ancestors.Select(ancestor => total[ancestor])];
    }

    /// <summary>The logarithms of the potentials at the next step.</summary>
    internal double[] Next(double[] rewards)
    {
        bool last = ++done == steps;
        double[] logarithms = new double[rewards.Length];
        for (int i = 0; i < rewards.Length; i++)
        {
            double before = summary[i], reward = rewards[i];
            summary[i] = potential switch
            {
                RewardPotential.Max => Math.Max(before, reward),
                RewardPotential.Sum => before + reward,
                _ => reward,
            };
            logarithms[i] = last ? (strength * reward) - total[i]
                : strength * (potential == RewardPotential.Difference ? reward - before : summary[i]);
            total[i] += logarithms[i];
        }

        return logarithms;
    }
}
