using static TorchSharp.torch;

namespace Costate;

/// <summary>How far a <see cref="LatentOptimisation"/> is, told after each evaluation of the loss.</summary>
/// <param name="Iteration">Steps done: 0 for the start.</param>
/// <param name="Iterations">Steps that will be done at most.</param>
/// <param name="Items">The items evaluated, those that have not stopped.</param>
/// <param name="Losses">Their losses, in this order. One number, the sum, where the items share parameters that change.</param>
/// <param name="Best">The lowest loss of every item so far, in the order of the batch.</param>
/// <param name="Samples">The samples of <paramref name="Items"/>, [items, ...]. Alive during the call only: read it there, or keep a
/// clone.</param>
public sealed record OptimisationProgress(
    int Iteration,
    int Iterations,
    IReadOnlyList<int> Items,
    IReadOnlyList<double> Losses,
    IReadOnlyList<double> Best,
    Tensor Samples);
