using static TorchSharp.torch;

namespace Costate;

/// <summary>PnP-DM.</summary>
internal sealed class GibbsAnnealing(double[] levels, int steps) : AnnealedMethod
{
    private readonly Solver solver = Solver.Ddpm();

    public override string ToString() => $"PnP-DM, {levels.Length} levels";

    internal override double[] Levels => levels;

    internal override Tensor Take(AnnealedStep step)
    {
        var posterior = new GaussianPosterior(step.Measurement, step.X, step.Level);
        return step.Down(solver, steps, posterior.Draw(step.Noise(step.X), step.ObservationNoise(step.X)));
    }
}
