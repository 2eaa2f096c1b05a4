using static TorchSharp.torch;

namespace Costate.Faces.Guidance;

/// <summary>Guided samples. Tensors belong to the scope that the method was run in.</summary>
/// <param name="Samples">[batch, 3, height, width], rounded to 8 bits as a file has them; of an item that diverged black, or the best
/// before that.</param>
/// <param name="Curve">The loss on the way, of each item; not finite where it was not evaluated.</param>
/// <param name="Diverged">At which step or iteration, of the items that diverged.</param>
/// <param name="Cost">Of the network.</param>
/// <param name="LossEvaluations">Of the loss, on the whole batch.</param>
internal sealed record GuideOutcome(
    Tensor Samples,
    IReadOnlyList<IReadOnlyList<double>> Curve,
    IReadOnlyDictionary<int, string> Diverged,
    GradientCost Cost,
    long LossEvaluations);
