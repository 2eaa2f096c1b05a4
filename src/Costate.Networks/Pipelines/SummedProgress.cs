namespace Costate.Networks;

/// <summary>The bytes of several loadings, one after the other, as one number that grows.</summary>
/// <param name="progress">Who is told; null for nobody.</param>
internal sealed class SummedProgress(IProgress<long>? progress) : IProgress<long>
{
    private long before;
    private long now;

    /// <summary>The next loading begins: it counts from 0 again.</summary>
    internal void Next()
    {
        before += now;
        now = 0;
    }

    public void Report(long value)
    {
        now = value;
        progress?.Report(before + now);
    }
}
