using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Drawing;

/// <summary>
/// Tells what a face wears (glasses, a beard, a moustache) from its semantic code: for each feature a linear function of codes, positive
/// where the face has it, fitted to drawn faces by ridge regression in which those with and those without it weigh the same. They are on
/// the processor, wherever codes are made.
/// </summary>
internal sealed class FaceFeatures
{
    private const ulong FirstIdentity = DrawnFaces.FirstHeldOut + 800_000;
    private const int Fitted = 800;
    private const int Checked = 400;
    private const int Batch = 50;

    // Of the mean square of a code's numbers, which are standardised.
    private const double Ridge = 1e-2;

    private readonly Model model;
    private readonly Tensor mean;
    private readonly Tensor deviation;
    private readonly Tensor directions;

    private FaceFeatures(Model model, Tensor codes, Tensor labels)
    {
        this.model = model;
        mean = codes.mean([0]);
        deviation = codes.std(0).add_(1e-12);
        Tensor inputs = Inputs(codes);
        directions = stack(labels.unbind(1).Select(label => Fit(inputs, label)), 1);
    }

    /// <summary>What is looked for.</summary>
    internal static IReadOnlyList<(string Name, Func<ulong, bool> Has)> All { get; } =
    [
        ("glasses", identity => DrawnFaces.Moment(identity, 0).Glasses),
        ("beard", identity => FaceIdentity.FromSeed(identity).Beard > 0),
        ("moustache", identity => FaceIdentity.FromSeed(identity).Moustache > 0),
    ];

    /// <summary>Fits the functions; their tensors are in the caller's scope.</summary>
    /// <param name="model">Makes the semantic codes of faces.</param>
    /// <param name="cancellationToken">Looked at between batches.</param>
    internal static FaceFeatures Fit(Model model, CancellationToken cancellationToken)
    {
        using IDisposable noGraph = no_grad();
        return new FaceFeatures(model, Codes(model, Identities(0, Fitted), cancellationToken), Labels(Identities(0, Fitted)));
    }

    /// <summary>
    /// How often they are right on other drawn faces: the mean of the share right among those with a feature and among those without.
    /// </summary>
    internal IReadOnlyDictionary<string, double> Accuracy(CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        ulong[] others = Identities(Fitted, Checked);
        Tensor scores = Of(Codes(model, others, cancellationToken));
        Tensor right = scores.mul(Labels(others)).gt(0).to(ScalarType.Float64);
        return All.Select((feature, k) => (feature.Name, Share: Balanced(right.select(1, k), Labels(others).select(1, k))))
            .ToDictionary(f => f.Name, f => f.Share);
    }

    /// <summary>For each face, [faces, 3, side, side] in -1..1, each feature's value; it is there where that is positive.</summary>
    internal IReadOnlyList<IReadOnlyDictionary<string, double>> Of(Tensor faces, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        double[] values = [.. Of(Codes(model, faces)).contiguous().data<double>()];
        return [.. values.Chunk(All.Count).Select(row => All.Zip(row).ToDictionary(f => f.First.Name, f => f.Second))];
    }

    private static ulong[] Identities(int from, int count) => [.. Enumerable.Range(from, count).Select(i => FirstIdentity + (ulong)i)];

    // 1 where a face has a feature, -1 where it has not.
    private static Tensor Labels(ulong[] identities) =>
        tensor(
            identities.SelectMany(identity => All.Select(f => f.Has(identity) ? 1.0 : -1)).ToArray(),
            [identities.Length, All.Count],
            device: CPU);

    private static Tensor Codes(Model model, Tensor faces) => model.Encode!(faces.to(model.Device)).flatten(1).to(ScalarType.Float64).cpu();

    private static Tensor Codes(Model model, ulong[] identities, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        return cat([.. identities.Chunk(Batch).Select(Of)], 0).MoveToOuterDisposeScope();

        Tensor Of(ulong[] part) => Codes(
            model,
            EvaluationFaces.Stack(
                [.. part.Select(identity => (identity, 0UL))], (int)model.Shape![1], model.Device, cancellationToken));
    }

    private static Tensor Fit(Tensor inputs, Tensor label)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weights = label
            .gt(0)
            .to(ScalarType.Float64)
            .mul(label.gt(0).sum().reciprocal())
            .add(label.lt(0).to(ScalarType.Float64).mul(label.lt(0).sum().reciprocal()))
            .unsqueeze(1);
        Tensor weighted = inputs.mul(weights);
        Tensor matrix = weighted.t().mm(inputs).add(eye(inputs.shape[1], dtype: ScalarType.Float64, device: CPU).mul(Ridge));
        return linalg.solve(matrix, weighted.t().mm(label.unsqueeze(1))).squeeze(1).MoveToOuterDisposeScope();
    }

    private static double Balanced(Tensor right, Tensor label) =>
        ((right.mul(label.gt(0)).sum() / label.gt(0).sum()) + (right.mul(label.lt(0)).sum() / label.lt(0).sum())).item<double>() / 2;

    private Tensor Inputs(Tensor codes) => cat([codes.sub(mean).div(deviation), ones([codes.shape[0], 1], ScalarType.Float64, CPU)], 1);

    private Tensor Of(Tensor codes) => Inputs(codes).mm(directions);
}
