namespace Costate.Experiments.Reversibility;

/// <summary>
/// A reversible solver whose states are carried in the precision of the sample, as plain code would: what the library's two words of 64
/// bits are worth.
/// </summary>
/// <remarks>
/// The library carries the states of a solver that calls itself reversible in two words; the table is reversible all the same.
/// </remarks>
internal sealed class InNetworkPrecision(Solver inner) : Solver
{
    public override string Name => $"{inner.Name}, states as the sample's";

    public override bool IsStochastic => inner.IsStochastic;

    public override bool IsReversible => false;

    public override SolverTable Tabulate(NoiseSchedule schedule, TimeGrid grid) => inner.Tabulate(schedule, grid);
}
