using Costate.Faces.Drawing;
using Costate.Faces.Morphs;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Guidance;

/// <summary>A model whose samples are guided: the embedded one, or the user's.</summary>
internal sealed class GuideModel(IReadOnlyList<IDisposable> owned) : IDisposable
{
    // The last noise of the grid is too little to see.
    private const double End = 1e-3;

    private const int FacesOfMean = 64;

    internal required string Source { get; init; }

    internal required Denoiser Denoiser { get; init; }

    internal required NoiseSchedule Schedule { get; init; }

    /// <summary>A grid of so many steps.</summary>
    internal required Func<int, TimeGrid> GridOf { get; init; }

    /// <summary>The standard deviation of the noise to start from.</summary>
    internal double StartScale { get; init; } = 1;

    /// <summary>Height and width of its pictures; null where the user's pictures say it.</summary>
    internal int? Side { get; init; }

    /// <summary>The semantic codes of pictures, which are its condition.</summary>
    internal Func<Tensor, Tensor>? Encode { get; init; }

    /// <summary>The condition of the user's model, [1, ...].</summary>
    internal Tensor? Condition { get; init; }

    /// <summary>Tells people apart; null where there is none for these pictures.</summary>
    internal MorphRecogniser? Recogniser { get; init; }

    /// <summary>Recognisers that no loss has seen.</summary>
    internal IReadOnlyList<MorphRecogniser> Judges { get; init; } = [];

    /// <summary>The embedded model; takes ownership.</summary>
    internal static GuideModel Of(MorphModel model) => new([model])
    {
        Source = model.Source,
        Denoiser = model.Denoiser,
        Schedule = model.Schedule,
        GridOf = steps => TimeGrid.UniformLogSnr(model.Schedule, steps, 1, End),
        Side = model.Side,
        Encode = model.Encode,
        Recogniser = model.Attack,
        Judges = model.Judges,
    };

    /// <summary>The mean code of drawn faces that the model was trained on, [1, ...]: nobody in particular.</summary>
    internal Tensor MeanCode(CancellationToken cancellationToken)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGraph = no_grad();
        (ulong, ulong)[] seeds = [.. Enumerable.Range(0, FacesOfMean).Select(i => ((ulong)i, 0UL))];
        Tensor faces = DrawnFaces.Batch(seeds, Side!.Value, cancellationToken).to(ScalarType.Float32).div_(127.5).sub_(1);
        return Encode!(faces).mean([0L], keepdim: true).MoveToOuterDisposeScope();
    }

    /// <summary>Noise to start from, [seeds, ...], each item from its own seed.</summary>
    internal Tensor Start(long[] shape, IReadOnlyList<ulong> seeds)
    {
        Tensor drawn = StartNoise.Draw(shape, NoiseSeeds.OfItems(seeds));
        return StartScale == 1 ? drawn : drawn.mul_(StartScale);
    }

    public void Dispose()
    {
        foreach (IDisposable part in owned)
        {
            part.Dispose();
        }
    }
}
