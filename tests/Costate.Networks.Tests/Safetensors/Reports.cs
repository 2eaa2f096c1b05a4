namespace Costate.Networks.Tests;

/// <summary>Progress that is told at once, on the thread that reports it, unlike <see cref="Progress{T}"/>.</summary>
internal sealed class Reports(Action<long> onReport) : IProgress<long>
{
    internal List<long> Values { get; } = [];

    public void Report(long value)
    {
        Values.Add(value);
        onReport(value);
    }
}
