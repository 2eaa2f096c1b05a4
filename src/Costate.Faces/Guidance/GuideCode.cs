using Costate.Faces.Drawing;
using Costate.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Guidance;

/// <summary>What the semantic code of a guided sample may be called where it is that of no picture.</summary>
internal static class GuideCode
{
    /// <summary>The code of what is seen of the picture.</summary>
    internal const string OfSeen = "observed";

    /// <summary>The mean code of the people that the model was trained on.</summary>
    internal const string Mean = "mean";

    private const int FacesOfMean = 64;

    /// <summary>The mean code of drawn faces that a model was trained on, [1, ...]: nobody in particular.</summary>
    internal static Tensor MeanOf(Model model, CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        (ulong, ulong)[] seeds = [.. Enumerable.Range(0, FacesOfMean).Select(i => ((ulong)i, 0UL))];
        Tensor faces = EvaluationFaces.Stack(seeds, (int)model.Shape![1], model.Device, cancellationToken);
        return model.Encode!(faces).mean([0L], keepdim: true).MoveToOuterDisposeScope();
    }
}
