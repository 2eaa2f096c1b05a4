using static TorchSharp.torch;

namespace Costate.Cli.Guidance;

/// <summary>Guided samples. Tensors belong to the scope that the method was run in.</summary>
/// <param name="Samples">[batch, 3, height, width], rounded to 8 bits as a file has them; black for an item that diverged.</param>
/// <param name="Curve">The loss on the way, of each item; not finite where it was not evaluated.</param>
/// <param name="Diverged">Items that left all bounds.</param>
/// <param name="Cost">Of the network.</param>
/// <param name="LossEvaluations">Of the loss, on the whole batch.</param>
internal sealed record GuideOutcome(
    Tensor Samples,
    IReadOnlyList<IReadOnlyList<double>> Curve,
    IReadOnlyList<DivergedItem> Diverged,
    GradientCost Cost,
    long LossEvaluations);
