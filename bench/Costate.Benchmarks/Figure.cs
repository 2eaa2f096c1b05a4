namespace Costate.Benchmarks;

/// <summary>One measured figure and what it may be at most.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Value">The figure.</param>
/// <param name="Target">The most it may be.</param>
/// <param name="Detail">What it was computed from.</param>
internal sealed record Figure(string Name, double Value, double Target, string Detail)
{
    public bool Passed => Value <= Target;
}
