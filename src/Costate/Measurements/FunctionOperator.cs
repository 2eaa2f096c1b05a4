using static TorchSharp.torch;

namespace Costate;

internal sealed class FunctionOperator(
    Func<Tensor, Tensor> apply, Func<Tensor, Tensor> transpose, string name, Func<Tensor, NormalSpectrum>? spectrum = null) : LinearOperator
{
    public override string Name => name;

    internal override Tensor Map(Tensor x) => apply(x).alias();

    internal override Tensor MapTransposed(Tensor y) => transpose(y).alias();

    private protected override NormalSpectrum? Spectrum(Tensor y) => spectrum?.Invoke(y);
}
