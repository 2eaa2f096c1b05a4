using static TorchSharp.torch;

namespace Costate;

/// <summary>PiGDM and TMPD: the score of the measurement moves the predicted data.</summary>
internal sealed class LikelihoodScore(DataCovariance covariance, double eta, bool additive) : PosteriorMethod
{
    public override string ToString() => $"likelihood score, covariance {covariance}{(additive ? ", additive" : "")}";

    internal override double Eta => eta;

    internal override (Tensor Data, Tensor Next) Take(PosteriorStep step)
    {
        DataEstimate estimate = covariance.Estimate(step, wantsDensity: false);
        if (!additive)
        {
            return (estimate.Data, step.Next(estimate.Data.clone().AddTimes(estimate.Score, step.ScoreToData)));
        }

        double weight = step.At.NextAlpha * step.At.Alpha * ((IsotropicCovariance)covariance).Given(step.At);
        return (estimate.Data, step.Next(estimate.Data).AddTimes(estimate.Score, weight));
    }
}
