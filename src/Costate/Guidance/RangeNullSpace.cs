using static TorchSharp.torch;

namespace Costate;

/// <summary>DDNM: the data's part that is seen is what was observed.</summary>
internal sealed class RangeNullSpace(double eta) : PosteriorMethod
{
    public override string ToString() => "DDNM";

    internal override double Eta => eta;

    internal override (Tensor Data, Tensor Next) Take(PosteriorStep step)
    {
        Tensor data = step.Predict();
        LinearOperator a = step.Measurement.Operator;
        Tensor seen = a.MapTransposed(a.SolveNormal(step.Residual(data), 1, 0)).reshape(data.shape);
        return (data, step.Next(data + seen));
    }
}
