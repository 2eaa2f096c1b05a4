namespace Costate;

/// <summary>Where the network is evaluated. One object for each evaluation of a run, by which a repeated one is recognised.</summary>
/// <param name="time">Time, in [0, 1].</param>
/// <param name="networkTime">The time that the network is told.</param>
/// <param name="interval">The interval of the grid whose condition it sees.</param>
internal sealed class EvaluationPoint(double time, double networkTime, int interval)
{
    internal double Time => time;

    internal double NetworkTime => networkTime;

    internal int Interval => interval;
}
