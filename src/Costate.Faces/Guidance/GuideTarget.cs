using Costate.Faces.Recognition;
using TorchSharp;
using static TorchSharp.torch;

namespace Costate.Faces.Guidance;

/// <summary>What the samples of a batch are guided to, item by item. Tensors belong to the scope it was made in.</summary>
internal sealed record GuideTarget
{
    private const int PowerIterations = 20;

    private GuideTarget()
    {
    }

    internal required GuideTask Task { get; init; }

    /// <summary>The pictures as they were, [batch, 3, height, width]; null where only what is left of them is known.</summary>
    internal required Tensor? Truth { get; init; }

    /// <summary>What is known of them, to look at; null where nothing is.</summary>
    internal required Tensor? Seen { get; init; }

    /// <summary>What is known of them as whole pictures, or their latents: where an encoder looks, and where an optimisation
    /// begins.</summary>
    internal required Tensor Filled { get; init; }

    /// <summary>The loss that is reported: the mean squared error of what is seen, 1 - similarity, or the user's.</summary>
    internal required Func<Tensor, Tensor> Loss { get; init; }

    /// <summary>What most samplers descend: the norm of the residual, as DPS has it, or the user's loss.</summary>
    internal required Func<Tensor, Tensor> Norm { get; init; }

    /// <summary>
    /// Half the squared norm of the residual, divided by the largest eigenvalue of A'A: a gradient step of length 1 never overshoots. Or 1
    /// - similarity, or the user's loss.
    /// </summary>
    internal required Func<Tensor, Tensor> Energy { get; init; }

    /// <summary>Degrades pictures, each with the noise of its seed.</summary>
    internal static GuideTarget Degraded(GuideTask task, Degradation degradation, Tensor pictures, IReadOnlyList<ulong> seeds)
    {
        LinearOperator degrade = degradation.For(task, pictures.shape[2], pictures.shape[3], pictures.device);
        Tensor[] observed =
        [
            .. seeds.Select((seed, i) => Measurement.Observe(degrade, pictures.narrow(0, i, 1), degradation.Noise, seed).Observation),
        ];
        return Measured(task, degrade, cat(observed, 0), pictures, pictures.shape[2], pictures.shape[3]);
    }

    /// <summary>Takes pictures that are degraded already, [batch, 3, ...].</summary>
    /// <exception cref="InvalidDataException">The degradation makes no pictures of this size.</exception>
    internal static GuideTarget Observed(GuideTask task, Degradation degradation, Tensor observed, long height, long width)
    {
        LinearOperator degrade = degradation.For(task, height, width, observed.device);
        using (DisposeScope scope = NewDisposeScope())
        {
            long[] expected = degrade.Apply(zeros(1, 3, height, width, device: observed.device)).shape;
            if (!observed.shape.AsSpan(1).SequenceEqual(expected.AsSpan(1)))
            {
                throw new InvalidDataException(
                    $"Got an observed picture of {observed.shape[3]} x {observed.shape[2]} pixels; expected {expected[3]} x "
                        + $"{expected[2]}, which the {task.Name} makes of {width} x {height}.");
            }
        }

        // What is hidden may have any colour in the file.
        Tensor seen = task == GuideTask.Inpaint ? degrade.Apply(observed) : observed;
        return Measured(task, degrade, seen, truth: null, height, width);
    }

    /// <summary>The person that a recogniser sees in pictures.</summary>
    internal static GuideTarget Person(Tensor pictures, Recogniser recogniser)
    {
        using IDisposable noGraph = no_grad();
        Tensor person = Unit(recogniser.Embed(pictures));
        Tensor Norm(Tensor x) => linalg.vector_norm(Unit(recogniser.Embed(x)) - person, 2, [1L]);
        Tensor Similarity(Tensor x) => Norm(x).square().div(2);
        return new GuideTarget
        {
            Task = GuideTask.Identity,
            Truth = pictures,
            Seen = pictures,
            Filled = zeros_like(pictures),
            Norm = Norm,
            Loss = Similarity,
            Energy = Similarity,
        };
    }

    /// <summary>A loss of the user's, which may need no picture: then these are of the size alone.</summary>
    internal static GuideTarget Own(Tensor pictures, Func<Tensor, Tensor> loss, bool isKnown = true) => new()
    {
        Task = GuideTask.OwnLoss,
        Truth = isKnown ? pictures : null,
        Seen = isKnown ? pictures : null,
        Filled = pictures,
        Norm = loss,
        Loss = loss,
        Energy = loss,
    };

    private static GuideTarget Measured(GuideTask task, LinearOperator degrade, Tensor observed, Tensor? truth, long height, long width)
    {
        using IDisposable noGraph = no_grad();
        var measurement = new Measurement(degrade, observed);
        Tensor flat = ones(1, 3, height, width, device: observed.device);
        Tensor weights = degrade.Apply(flat);
        double entries = weights.ne(0).sum().item<long>();
        double largest = LargestEigenvalue(degrade, flat);
        bool masked = task == GuideTask.Inpaint;
        return new GuideTarget
        {
            Task = task,
            Truth = truth,
            Seen = masked ? observed : nn.functional.interpolate(observed, [height, width]),
            Filled = masked
                ? WithMean(observed, weights)
                : nn.functional.interpolate(observed, [height, width], mode: InterpolationMode.Bicubic, align_corners: false).clamp_(-1, 1),
            Norm = measurement.Norm,
            Loss = x => measurement.SquaredNorm(x).div(entries),
            Energy = x => measurement.SquaredNorm(x).div(2 * largest),
        };
    }

    // The mean colour of what is seen, where nothing is.
    private static Tensor WithMean(Tensor observed, Tensor mask) =>
        observed + (observed.sum([2L, 3L], keepdim: true) / mask.sum([2L, 3L], keepdim: true)) * (1 - mask);

    // Of A'A, by power iteration from a flat picture, which blurs and averages keep.
    private static double LargestEigenvalue(LinearOperator degrade, Tensor flat)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = flat;
        double value = 0;
        for (int i = 0; i < PowerIterations; i++)
        {
            x = degrade.Transpose(degrade.Apply(x / x.norm()));
            value = x.norm().item<float>();
        }

        return value;
    }

    private static Tensor Unit(Tensor embeddings) => nn.functional.normalize(embeddings, 2, 1, 1e-12);
}
