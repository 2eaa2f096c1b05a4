using static TorchSharp.torch;

namespace Costate;

/// <summary>A state in a step of a run that samples given a measurement. Everything lives in the caller's dispose scope.</summary>
/// <param name="Run">The run, whose network is frozen.</param>
/// <param name="Weights">The step's numbers.</param>
/// <param name="X">The state.</param>
/// <param name="Measurement">What is known of the sample.</param>
/// <param name="Noise">A standard normal vector like the state.</param>
internal sealed record PosteriorStep(SamplingRun Run, GuidedStep Weights, Tensor X, Measurement Measurement, Func<Tensor> Noise)
{
    internal GuidanceStep At => Weights.At;

    internal EvaluationPoint Point => Run.Table.Rows[At.Index].At;

    /// <summary>The squared scale of the noise over that of the signal, by which a score moves the predicted data.</summary>
    internal double ScoreToData => At.Sigma * At.Sigma / At.Alpha;

    /// <summary>The variance of the measurement's noise.</summary>
    internal double NoiseVariance => Measurement.NoiseLevel * Measurement.NoiseLevel;

    /// <summary>The predicted data.</summary>
    internal Tensor Predict() => ToData(Run.Evaluate(X, Point));

    /// <summary>The predicted data, from an output of the network at the state.</summary>
    internal Tensor ToData(Tensor output)
    {
        (double state, double weight) = Weights.ToData;
        return Weights.ToData.IsIdentity ? output.clone()
            : state == 0 ? output.Times(weight)
            : WeightedSum.Of((output, weight), (X, state))!;
    }

    /// <summary><c>y - A x</c> of data.</summary>
    internal Tensor Residual(Tensor data) => Measurement.Difference(data).to(data.dtype);

    /// <summary>The step on changed data, DDIM or DDPM.</summary>
    internal Tensor Next(Tensor data)
    {
        Tensor mean = Mean(data);
        return Weights.Noise == 0 ? mean : mean.AddTimes(Noise(), Weights.Noise);
    }

    /// <summary>Its mean.</summary>
    internal Tensor Mean(Tensor data) => X.Times(Weights.State).AddTimes(data, Weights.Data);
}
