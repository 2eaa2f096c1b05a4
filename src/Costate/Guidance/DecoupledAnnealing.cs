using static TorchSharp.torch;

namespace Costate;

/// <summary>DAPS.</summary>
internal sealed class DecoupledAnnealing(double[] levels, int flowSteps, int langevinSteps, double langevinRate) : AnnealedMethod
{
    public override string ToString() => $"DAPS, {levels.Length} levels";

    internal override double[] Levels => levels;

    internal override Tensor Take(AnnealedStep step)
    {
        Tensor flow = step.Down(Solver.Ddim(), flowSteps, step.X);
        var posterior = new GaussianPosterior(step.Measurement, flow, step.Level);
        Tensor z = flow;
        if (langevinSteps == 0)
        {
            z = posterior.Draw(step.Noise(flow), step.ObservationNoise(flow));
        }

        double rate = langevinRate * (1 - (0.99 * step.Index / levels.Length));
        for (int i = 0; i < langevinSteps; i++)
        {
            z = posterior.Langevin(z, step.Noise(flow), rate);
        }

        return step.Next == 0 ? z.alias() : z.clone().AddTimes(step.Noise(flow), step.Next);
    }
}
