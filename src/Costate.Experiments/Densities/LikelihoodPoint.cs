namespace Costate.Experiments.Densities;

/// <summary>How far the likelihood of data is from that of the mixture they come from, in nats, root mean square.</summary>
/// <param name="Dimension">Numbers of a datum.</param>
/// <param name="Solver">From data to noise.</param>
/// <param name="Steps">Of its.</param>
/// <param name="Trace">By integrated traces.</param>
/// <param name="Jacobian">By the determinant of the whole map.</param>
/// <param name="Probed">By 8 probes in place of the trace.</param>
/// <param name="ProbesTold">The standard error that those tell.</param>
internal sealed record LikelihoodPoint(
    int Dimension, string Solver, int Steps, double Trace, double Jacobian, double Probed, double ProbesTold);
