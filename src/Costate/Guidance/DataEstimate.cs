using static TorchSharp.torch;

namespace Costate;

/// <summary>What a state says of the data and of the measurement.</summary>
/// <param name="Data">The predicted data m.</param>
/// <param name="Score">An estimate of the gradient of log p(y | x_t) with respect to x_t.</param>
/// <param name="LogLikelihood">Its logarithm, [batch] in 64 bits; null where it was not asked for.</param>
internal sealed record DataEstimate(Tensor Data, Tensor Score, Tensor? LogLikelihood);
