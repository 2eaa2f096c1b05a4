namespace Costate.Cli.Reversibility;

/// <summary>
/// A reversible solver whose states are carried in the network's precision, as plain code would: what the library's 64-bit states are worth.
/// </summary>
/// <remarks>The library carries the states of a solver that calls itself reversible in 64 bits; the table is reversible all the same.</remarks>
internal sealed class InNetworkPrecision(Solver inner) : Solver
{
    public override string Name => $"{inner.Name}, states as the network's";

    public override bool IsStochastic => inner.IsStochastic;

    public override bool IsReversible => false;

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid) => inner.Tabulate(schedule, grid);
}
