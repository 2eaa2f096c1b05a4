using Costate.Faces.Drawing;
using Costate.Faces.Models;
using Costate.Faces.Morphs;
using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Experiments.Evaluation;

/// <summary>Pairs that are computed together, and their pictures.</summary>
internal sealed class PairBatch : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly FaceModel model;
    private readonly Tensor probes;
    private readonly int probesOfEach;
    private readonly Dictionary<string, Tensor> embedded = [];

    /// <summary>Draws the pictures: circumstance 0 is morphed, those from 1 on are compared with.</summary>
    internal PairBatch(FaceModel model, IReadOnlyList<SimilarPair> pairs, int probesOfEach, CancellationToken cancellationToken)
    {
        (this.model, Pairs, this.probesOfEach) = (model, pairs, probesOfEach);
        A = EvaluationFaces.Stack([.. pairs.Select(p => (p.A, 0UL))], model.Side, model.Device, cancellationToken);
        B = EvaluationFaces.Stack([.. pairs.Select(p => (p.B, 0UL))], model.Side, model.Device, cancellationToken);
        probes = EvaluationFaces.Stack(
            [
                .. pairs
                    .SelectMany(p => (ulong[])[p.A, p.B])
                    .SelectMany(identity => Enumerable.Range(1, probesOfEach).Select(c => (identity, (ulong)c))),
            ],
            model.Side,
            model.Device,
            cancellationToken);
    }

    internal IReadOnlyList<SimilarPair> Pairs { get; }

    /// <summary>The first pictures, [pairs, 3, side, side].</summary>
    internal Tensor A { get; }

    /// <summary>The second pictures.</summary>
    internal Tensor B { get; }

    /// <summary>The pictures as noise and codes, by the encoding that methods share.</summary>
    internal MorphingEnds? Ends { get; set; }

    /// <summary>What every recogniser says of morphs of all pairs.</summary>
    internal IReadOnlyList<IReadOnlyList<PairSimilarity>> Judge(Tensor morphs)
    {
        Recogniser[] recognisers = [model.Attack, .. model.Judges];
        var found = Pairs.Select(_ => new List<PairSimilarity>()).ToArray();
        foreach ((int k, Recogniser recogniser) in recognisers.Index())
        {
            double[] similarities = Similarities(recogniser, morphs);
            int width = similarities.Length / Pairs.Count;
            foreach ((int i, double[] row) in similarities.Chunk(width).Index())
            {
                found[i]
                    .Add(
                        new PairSimilarity(
                            recogniser.Name,
                            k > 0,
                            recogniser.Threshold,
                            row[0],
                            row[1],
                            row[2..(2 + probesOfEach)],
                            row[(2 + probesOfEach)..]));
            }
        }

        return found;
    }

    public void Dispose() => scope.Dispose();

    // For each pair: to A, to B, to other pictures of A, of B.
    private double[] Similarities(Recogniser recogniser, Tensor morphs)
    {
        using DisposeScope step = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        if (!embedded.TryGetValue(recogniser.Name, out Tensor? known))
        {
            Tensor others = Unit(recogniser, probes).reshape(Pairs.Count, 2 * probesOfEach, -1);
            known = cat([Unit(recogniser, A).unsqueeze(1), Unit(recogniser, B).unsqueeze(1), others], 1).DetachFromDisposeScope();
            scope.Attach(known);
            embedded[recogniser.Name] = known;
        }

        return [.. known.bmm(Unit(recogniser, morphs).unsqueeze(2)).cpu().contiguous().data<double>()];
    }

    private static Tensor Unit(Recogniser recogniser, Tensor faces) =>
        nn.functional.normalize(recogniser.Embed(faces).to(ScalarType.Float64), 2, 1, 1e-12);
}
