using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Recognition;

/// <summary>The cosine similarities of pairs of faces under one recogniser: of two people, and of one.</summary>
internal sealed class MatchScores
{
    // The normal distribution's quantile for 95 %.
    private const double Quantile = 1.959964;

    private readonly float[] impostors;
    private readonly float[] genuine;
    private readonly float[][] genuineByIdentity;

    private MatchScores(float[] impostors, float[][] genuineByIdentity)
    {
        this.genuineByIdentity = genuineByIdentity;
        (this.impostors, genuine) = (impostors, [.. genuineByIdentity.SelectMany(own => own)]);
        Array.Sort(impostors);
        Array.Sort(genuine);
    }

    /// <summary>The number of pairs of two people's faces.</summary>
    internal int ImpostorPairs => impostors.Length;

    /// <summary>The number of pairs of one person's faces.</summary>
    internal int GenuinePairs => genuine.Length;

    /// <summary>The similarities of all pairs.</summary>
    /// <param name="embeddings">Of unit length, [identities x pictures, width], on the CPU, one identity after the other.</param>
    /// <param name="pictures">Pictures of each identity, two or more.</param>
    /// <exception cref="InvalidDataException">An embedding is not finite.</exception>
    internal static MatchScores Of(Tensor embeddings, int pictures)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        if (!embeddings.isfinite().all().item<bool>())
        {
            throw new InvalidDataException(
                "A recogniser's embeddings are not finite; its weights are damaged, or its training went wrong.");
        }

        int identities = (int)embeddings.shape[0] / pictures;
        float[] impostors = new float[checked(identities * (identities - 1) / 2 * pictures * pictures)];
        float[][] genuine = new float[identities][];
        int at = 0;
        for (int i = 0; i < identities; i++)
        {
            using DisposeScope row = NewDisposeScope();
            Tensor own = embeddings.narrow(0, i * pictures, pictures);
            long[] pairs = [.. Enumerable.Range(0, pictures * pictures).Where(k => k / pictures < k % pictures).Select(k => (long)k)];
            genuine[i] = [.. own.mm(own.t()).flatten().index_select(0, tensor(pairs, device: CPU)).data<float>()];
            int others = (identities - 1 - i) * pictures;
            if (others > 0)
            {
                own.mm(embeddings.narrow(0, (i + 1) * pictures, others).t()).contiguous().data<float>().CopyTo(impostors, at);
                at += pictures * others;
            }
        }

        return new MatchScores(impostors, genuine);
    }

    /// <summary>The smallest similarity such that no more than this share of impostor pairs lies above it, ties included.</summary>
    internal double Threshold(double falseMatchRate) => impostors[^(1 + (int)(falseMatchRate * impostors.Length))];

    /// <summary>The share of impostor pairs above a threshold.</summary>
    internal double FalseMatchRate(double threshold) => ShareAbove(impostors, threshold);

    /// <summary>The share of genuine pairs above a threshold.</summary>
    internal double TrueMatchRate(double threshold) => ShareAbove(genuine, threshold);

    /// <summary>
    /// The 95 % confidence interval of the true match rate by Wilson's formula. Pairs of one person depend on each other, so they
    /// count as fewer: as many as would give the variance that there is among people.
    /// </summary>
    internal (double Lowest, double Highest) TrueMatchRateInterval(double threshold)
    {
        double[] rates = [.. genuineByIdentity.Select(own => (double)own.Count(g => g > threshold) / own.Length)];
        double mean = rates.Average();
        double variance = rates.Sum(r => (r - mean) * (r - mean)) / Math.Max(1, rates.Length - 1) / rates.Length;

        // No more than one pair of each person can be taken for independent where all agree.
        double count = variance > 0 ? Math.Min(genuine.Length, mean * (1 - mean) / variance) : rates.Length;
        double shift = Quantile * Quantile / count;
        double centre = (mean + (shift / 2)) / (1 + shift);
        double half = Quantile / (1 + shift) * Math.Sqrt((mean * (1 - mean) / count) + (shift / (4 * count)));
        return (Math.Max(0, centre - half), Math.Min(1, centre + half));
    }

    private static double ShareAbove(float[] sorted, double threshold)
    {
        (int low, int high) = (0, sorted.Length);
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = sorted[middle] > threshold ? (low, middle) : (middle + 1, high);
        }

        return (double)(sorted.Length - low) / sorted.Length;
    }
}
