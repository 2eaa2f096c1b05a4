using static TorchSharp.torch;

namespace Costate;

/// <summary>
/// The start noise of a sample by DDIM inversion: the solver run from data to noise, wrong by what one step of it changes the prediction.
/// </summary>
/// <param name="start">x_T, [batch, ...].</param>
/// <param name="dtype">The dtype of samples.</param>
/// <param name="settings">The settings that it holds under: <see cref="Sampler.Settings"/>.</param>
public sealed class InvertedNoise(Tensor start, ScalarType dtype, IReadOnlyDictionary<string, string> settings)
    : NoiseState(start, dtype, settings)
{
    private protected override IEnumerable<Tensor?> Tensors => [Start];
}
